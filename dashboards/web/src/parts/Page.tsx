// The head of a screen: its title, one line of facts, and what can be done; and the document's title.
import { type ReactNode, useEffect } from "react";
import css from "./Page.module.css";

type PageProps = { title: ReactNode; name: string; facts?: ReactNode; actions?: ReactNode; fill?: boolean; children: ReactNode };

/** With *fill* the page is as high as its frame, and what is in it scrolls in boxes of its own. */
export function Page({ title, name, facts, actions, fill = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${name} · hoptrail`;
  }, [name]);
  return (
    <div className={fill ? `${css.page} ${css.fill}` : css.page}>
      <header className={css.head}>
        <div>
          <h1>{title}</h1>
          {facts ? <p className={css.facts}>{facts}</p> : null}
        </div>
        {actions ? <div className={css.actions}>{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, facts, children }: { title: ReactNode; facts?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.section}>
      <h2>
        {title}
        {facts ? <span className={css.sectionFacts}> {facts}</span> : null}
      </h2>
      {children}
    </section>
  );
}
