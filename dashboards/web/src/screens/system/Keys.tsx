// The API keys: who has which, making one, which is shown once, and revoking.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { asking } from "@/api/asking";
import { client, type Schemas, told } from "@/api/client";
import { Button } from "@/parts/Button";
import { Dialog } from "@/parts/Dialog";
import { Asking, Failed, Nothing } from "@/parts/Nothing";
import { type Column, Table } from "@/parts/Table";
import { Time } from "@/parts/Time";
import { NewKey } from "./NewKey";
import { NotPermitted } from "./NotPermitted";
import css from "./System.module.css";

type Row = Schemas["KeyOut"];

const keysQuery = () => asking(["keys"], (signal) => client.GET("/api/v1/keys", { signal }));

function columnsFor(onRevoke: (row: Row) => void): Column<Row>[] {
  return [
    { key: "name", head: "Name", cell: (row) => row.name },
    { key: "id", head: "Id", cell: (row) => <code>{row.id}</code> },
    { key: "scopes", head: "Scopes", cell: (row) => row.scopes.join(", ") },
    { key: "created", head: "Made", cell: (row) => <Time at={row.created_at} digits={0} /> },
    { key: "by", head: "By", cell: (row) => <code>{row.created_by}</code> },
    {
      key: "state",
      head: "State",
      cell: (row) =>
        row.revoked_at ? (
          <span className="quiet">
            revoked <Time at={row.revoked_at} digits={0} />
          </span>
        ) : (
          <Button kind="danger" onClick={() => onRevoke(row)}>
            Revoke …
          </Button>
        ),
    },
  ];
}

export function Keys({ isAdmin, keyNeeded }: { isAdmin: boolean; keyNeeded: boolean }) {
  const { data, error, refetch } = useQuery({ ...keysQuery(), enabled: isAdmin });
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Row | null>(null);
  if (!isAdmin) return <NotPermitted what="API keys" />;
  if (!data) return error ? <Failed error={error} again={() => void refetch()} /> : <Asking />;
  const columns = columnsFor(setRevoking);
  return (
    <>
      <p className={css.said}>
        {keyNeeded
          ? "A key is needed to see anything here. The key of the setting HOPTRAIL_API_KEY opens everything, and is not among these."
          : "No key is needed here, since HOPTRAIL_API_KEY is not set and hoptrail answers only on this machine. Keys made here hold once it is set."}
      </p>
      {data.items.length === 0 ? <Nothing what="No keys were made yet." /> : <Table caption="API keys" columns={columns} rows={data.items} rowKey={(row) => row.id} />}
      <div className={css.act}>
        <Button kind="primary" onClick={() => setMaking(true)}>
          Make a key …
        </Button>
      </div>
      <Dialog title="Make an API key" firm open={making} onClose={() => setMaking(false)}>
        <NewKey onDone={() => setMaking(false)} />
      </Dialog>
      <Dialog title="Revoke an API key" open={revoking !== null} onClose={() => setRevoking(null)}>
        {revoking ? <Revoke row={revoking} onDone={() => setRevoking(null)} /> : null}
      </Dialog>
    </>
  );
}

function Revoke({ row, onDone }: { row: Row; onDone: () => void }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => told(client.POST("/api/v1/keys/{id}/revoke", { params: { path: { id: row.id } }, body: {} })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["keys"] });
      onDone();
    },
  });
  return (
    <>
      <p>
        <strong>{row.name}</strong> (<code>{row.id}</code>) opens nothing any more, and every session opened with it ends. This cannot be taken back.
      </p>
      {revoke.error ? <p className={css.wrong}>{revoke.error.message}</p> : null}
      <div className={css.act}>
        <Button kind="danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke it
        </Button>
        <Button onClick={onDone}>Leave it</Button>
      </div>
    </>
  );
}
