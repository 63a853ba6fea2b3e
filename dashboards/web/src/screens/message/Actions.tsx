// What can be done with a message: copy it in three ways, see it in Kibana, publish it again, edit it and then publish it.
import { useState } from "react";
import { useShortcut } from "@/app/keys";
import type { Told } from "@/model/story";
import { Allowed, useMay } from "@/parts/Allowed";
import { Button } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { EditDialog } from "@/parts/retry/EditDialog";
import { RetryDialog } from "@/parts/retry/RetryDialog";

export function Actions({ message }: { message: Told }) {
  const [open, setOpen] = useState<"retry" | "edit" | null>(null);
  const may = useMay("retry");
  useShortcut("r", "Publish this message again", () => may && setOpen("retry"));
  const { kibana, kibana_trace: trace } = message.links;
  return (
    <>
      <CopyButton name="Copy id" text={() => message.uid} />
      <CopyButton name="Copy link" text={() => location.href} />
      <CopyButton name="Copy as JSON" text={() => JSON.stringify(message, null, 2)} />
      {kibana ? <a href={kibana}>In Kibana</a> : null}
      {trace ? <a href={trace}>Its trace in Kibana</a> : null}
      <Allowed scope="retry" what="Retry">
        <Button onClick={() => setOpen("retry")}>Retry …</Button>
        <Allowed scope="edit" what="Edit">
          <Button onClick={() => setOpen("edit")}>Edit …</Button>
        </Allowed>
      </Allowed>
      <RetryDialog open={open === "retry"} onClose={() => setOpen(null)} selection={{ uids: [message.uid] }} what={`message ${message.uid}`} />
      <EditDialog key={message.uid} open={open === "edit"} onClose={() => setOpen(null)} message={message} />
    </>
  );
}
