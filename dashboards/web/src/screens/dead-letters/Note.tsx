// The note on a group: read by everybody, written by who may retry.
import { useState } from "react";
import { client } from "@/api/client";
import type { Group } from "@/model/deaths";
import { shown } from "@/model/names";
import { byWhom } from "@/model/operators";
import { Allowed } from "@/parts/Allowed";
import { Button } from "@/parts/Button";
import { Time } from "@/parts/Time";
import css from "./DeadLetters.module.css";
import { useDoing } from "./useDoing";

const NOTE_CHARS_MAX = 4000;

/** *fixed*: it is shown as it was, and cannot be changed. */
export function Note({ group, fixed }: { group: Group; fixed: boolean }) {
  const [writing, setWriting] = useState(false);
  return (
    <div className={css.note}>
      {group.note && !writing ? (
        <p className={css.said}>
          {group.note.split("\n").map(shown).join("\n")}
          {"\n"}
          <span className="quiet">
            {byWhom(group.note_by ?? "")}, <Time at={group.note_at} digits={0} />
          </span>
        </p>
      ) : null}
      {writing ? (
        <Writing group={group} done={() => setWriting(false)} />
      ) : fixed ? null : (
        <p>
          <Allowed scope="retry" what="A note">
            <Button onClick={() => setWriting(true)}>{group.note ? "Change the note" : "Write a note"}</Button>
          </Allowed>
        </p>
      )}
    </div>
  );
}

function Writing({ group, done }: { group: Group; done: () => void }) {
  const [text, setText] = useState(group.note ?? "");
  const save = useDoing((wanted: string) => client.POST("/api/v1/dead-letters/{id}/note", { params: { path: { id: group.id } }, body: { text: wanted } }));
  return (
    <form
      className={css.note}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(text, { onSuccess: done });
      }}
    >
      <label htmlFor="note">Note, for everybody who looks at this group; it stays in the log</label>
      {/* oxlint-disable-next-line jsx-a11y/no-autofocus */}
      <textarea id="note" rows={3} maxLength={NOTE_CHARS_MAX} value={text} autoFocus onChange={(event) => setText(event.target.value)} />
      <div className={css.tools}>
        <Button type="submit" kind="primary" disabled={save.isPending || text === (group.note ?? "")}>
          {text === "" && group.note ? "Remove the note" : "Save the note"}
        </Button>
        <Button onClick={done}>Leave it as it was</Button>
        {save.error ? <span className={css.failed}>{save.error.message}</span> : null}
      </div>
    </form>
  );
}
