// What an address shows that names nothing.
import { Link } from "@tanstack/react-router";
import { Nothing } from "@/parts/Nothing";
import { Page } from "@/parts/Page";

export function NotFound() {
  return (
    <Page title="No such page" name="No such page">
      <Nothing what="There is no page at this address.">
        <Link to="/">Home</Link>
      </Nothing>
    </Page>
  );
}
