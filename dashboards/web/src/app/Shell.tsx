// The frame around every screen: rail, top bar, and where the screen goes.
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { sessionQuery } from "@/api/shared";
import { Asking } from "@/parts/Nothing";
import { Login } from "./Login";
import { NoAnswer } from "./NoAnswer";
import { Rail } from "./Rail";
import css from "./Shell.module.css";
import { TopBar } from "./TopBar";

export function Shell() {
  const { data: session, isPending } = useQuery(sessionQuery());
  // Whatever is asked before would be refused where a key is needed, and be written down as refused.
  if (isPending) {
    return (
      <>
        <NoAnswer />
        <Asking />
      </>
    );
  }
  // Nothing can be answered before; the address stays, and is shown once somebody is known.
  if (session?.key_needed && !session.who) return <Login />;
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#main">
        Skip to the content
      </a>
      <Rail />
      <TopBar />
      <NoAnswer />
      {/* What overflows has to be scrolled by keyboard, on screens with nothing else to focus too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <main id="main" className={css.main} tabIndex={0}>
        <Outlet />
      </main>
    </div>
  );
}
