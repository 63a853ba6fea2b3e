// The button that brings more of a list, and why it could not. Nothing where there is no more.
import { Button } from "./Button";
import css from "./More.module.css";

/** What an infinite query tells of its pages. */
type Pages = { hasNextPage: boolean; isFetchingNextPage: boolean; isFetchNextPageError: boolean; error: Error | null; fetchNextPage: () => unknown };

export function More({ of: pages }: { of: Pages }) {
  if (!pages.hasNextPage) return null;
  return (
    <p className={css.more}>
      <Button disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
        {pages.isFetchingNextPage ? "Loading …" : "Show more"}
      </Button>
      <span className={css.failed} role="status">
        {pages.isFetchNextPageError ? pages.error?.message : ""}
      </span>
    </p>
  );
}
