// The projections: how far each has folded the log, with its digest; and folding the log again.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { asking } from "@/api/asking";
import { client, type Schemas, told } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { count } from "@/model/numbers";
import { span } from "@/model/time";
import { Button } from "@/parts/Button";
import { Dialog } from "@/parts/Dialog";
import { Asking, Failed } from "@/parts/Nothing";
import { type Column, Table } from "@/parts/Table";
import { progressSaid, share } from "./progress";
import css from "./System.module.css";

type Row = Schemas["ProjectionOut"];

/** How often the progress is asked for while something is rebuilt, in ms. */
const PROGRESS_MS = 500;
const INDEX = "index";

const projectionsQuery = () => asking(["projections"], (signal) => client.GET("/api/v1/projections", { signal }));

const digestsQuery = () => asking(["projections", "digests"], (signal) => client.GET("/api/v1/projections", { params: { query: { digests: true } }, signal }));

const columns: readonly Column<Row>[] = [
  { key: "name", head: "Projection", cell: (row) => row.name },
  { key: "version", head: "Version", cell: (row) => <code>{row.version}</code> },
  { key: "position", head: "Position", number: true, cell: (row) => count(Number(row.position)) },
  { key: "state", head: "State", cell: (row) => (row.caught_up ? "up to date" : `${span(row.lag_s * 1000)} behind the log`) },
  { key: "rebuild", head: "Rebuild", cell: (row) => (row.rebuild ? <Progress rebuild={row.rebuild} /> : <span className="quiet">none since this process started</span>) },
];

function Progress({ rebuild }: { rebuild: NonNullable<Row["rebuild"]> }) {
  return (
    <span className={css.progress}>
      {rebuild.state === "running" ? <progress value={share(rebuild)} max={1} aria-label="Rebuilt so far" /> : null} {progressSaid(rebuild)}
    </span>
  );
}

export function Projections({ isAdmin }: { isAdmin: boolean }) {
  const refresh = useRefresh();
  const { data, error, refetch } = useQuery({
    ...projectionsQuery(),
    refetchInterval: (query) => (query.state.data?.items.some((row) => row.rebuild?.state === "running") ? PROGRESS_MS : refresh),
  });
  if (!data) return error ? <Failed error={error} again={() => void refetch()} /> : <Asking />;
  return (
    <>
      <p className={css.said}>Everything shown is folded from the event log, and can be folded again. The same log gives the same digest.</p>
      <Table caption="Projections" columns={columns} rows={data.items} rowKey={(row) => row.name} />
      {isAdmin ? <Digests /> : null}
      {isAdmin ? <Rebuild running={data.items.some((row) => row.rebuild?.state === "running")} /> : <p className={`${css.act} quiet`}>Digests and rebuilding need a key with the scope admin.</p>}
    </>
  );
}

const digestColumns: readonly Column<Row>[] = [
  { key: "name", head: "Projection", cell: (row) => row.name },
  { key: "position", head: "At position", number: true, cell: (row) => count(Number(row.position)) },
  { key: "digest", head: "Digest of its state", cell: (row) => (row.digest ? <code>{row.digest}</code> : <span className="quiet">has none: hoptrail replay compares it message by message</span>) },
];

function Digests() {
  const { data, error, isFetching, refetch } = useQuery({ ...digestsQuery(), enabled: false });
  return (
    <div className={css.digests}>
      <div className={css.act}>
        <Button disabled={isFetching} onClick={() => void refetch()}>
          Compute the digests
        </Button>
        <span className="quiet">All views are encoded for that, which holds up answers on a large system. A replay to the same position gives the same.</span>
      </div>
      {error ? <p className={css.wrong}>{error.message}</p> : null}
      {data ? <Table caption="Digests" columns={digestColumns} rows={data.items} rowKey={(row) => row.name} /> : null}
    </div>
  );
}

function Rebuild({ running }: { running: boolean }) {
  const [open, setOpen] = useState(false);
  const queries = useQueryClient();
  const rebuild = useMutation({
    mutationFn: () => told(client.POST("/api/v1/projections/{name}/rebuild", { params: { path: { name: "topology" } }, body: {} })),
    onSuccess: () => {
      setOpen(false);
      void queries.invalidateQueries({ queryKey: ["projections"] });
    },
  });
  return (
    <div className={css.act}>
      <Button disabled={running} onClick={() => setOpen(true)}>
        Rebuild the views …
      </Button>
      <span className="quiet">
        The {INDEX} is rebuilt by <code>hoptrail replay --rebuild</code>, while hoptrail is stopped.
      </span>
      <Dialog title="Rebuild the views" open={open} onClose={() => setOpen(false)}>
        <p>
          The whole log is folded again from its beginning, beside the views that answer now. They go on answering until the new ones are as far, and are replaced then. It takes CPU and memory meanwhile.
        </p>
        {rebuild.error ? <p className={css.wrong}>{rebuild.error.message}</p> : null}
        <div className={css.act}>
          <Button kind="primary" disabled={rebuild.isPending} onClick={() => rebuild.mutate()}>
            Rebuild
          </Button>
          <Button onClick={() => setOpen(false)}>Leave it</Button>
        </div>
      </Dialog>
    </div>
  );
}
