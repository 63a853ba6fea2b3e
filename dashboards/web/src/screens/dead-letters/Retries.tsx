// All retries that are known, the newest first.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRefresh } from "@/app/preferences";
import { count } from "@/model/numbers";
import { ENDED } from "@/model/retry";
import { AsOf } from "@/parts/AsOf";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { Page } from "@/parts/Page";
import { retriesQuery } from "./asks";
import { RetriesTable } from "./RetriesTable";

export default function Retries() {
  const { data, error, refetch } = useQuery(retriesQuery(useRefresh()));
  const going = data?.items.filter((retry) => !ENDED.has(retry.state)).length ?? 0;
  return (
    <Page title="Retries" name="Retries" facts={data ? `${count(data.total)} known, ${count(going)} not ended` : null} actions={<Link to="/dead-letters">Dead letters</Link>}>
      <AsOf shows="now" what="the list of retries" />
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Asking /> : null}
      {data && data.items.length > 0 ? <RetriesTable retries={data.items} /> : null}
      {data?.items.length === 0 ? (
        <Nothing what="Nothing was published again yet." why="A retry begins at a group of dead letters or at a message, with a dry run.">
          <Link to="/dead-letters">Dead letters</Link>
        </Nothing>
      ) : null}
    </Page>
  );
}
