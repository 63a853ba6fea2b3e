// Edit one message and publish that: the form, then the difference and where it goes, then the button.
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { bytesQuery } from "@/api/shared";
import { askedFor, missingIn, type Options, USUAL } from "@/model/contract";
import { EDITABLE, type Form, formOf, type Patch, patchOf } from "@/model/patch";
import type { Told } from "@/model/story";
import { Dialog } from "@/parts/Dialog";
import { Asking, Failed } from "@/parts/Nothing";
import { ContractView } from "./ContractView";
import css from "./Retry.module.css";
import { RetryOptions } from "./RetryOptions";
import { usePlan } from "./usePlan";

const BODY_BYTES_MAX = 131_072;

export function EditDialog({ open, onClose, message }: { open: boolean; onClose: () => void; message: Told }) {
  return (
    <Dialog firm title={`Edit ${message.uid} and publish that`} open={open} onClose={onClose} wide>
      {editable(message) ? <WithBody message={message} onClose={onClose} /> : <Inside message={message} body={null} onClose={onClose} />}
    </Dialog>
  );
}

/** Whether the body is a text that the log has whole and that is small enough to be edited. */
function editable({ body }: Told): boolean {
  return body !== null && body.left_out === null && !body.truncated && body.encoding !== "base64" && body.size <= BODY_BYTES_MAX;
}

function WithBody({ message, onClose }: { message: Told; onClose: () => void }) {
  const { data, error, refetch } = useQuery(bytesQuery(message.uid));
  if (error) return <Failed error={error} again={() => void refetch()} />;
  return data ? <Inside message={message} body={new TextDecoder("utf-8", { ignoreBOM: true }).decode(data)} onClose={onClose} /> : <Asking />;
}

function patchIn(message: Told, body: string | null, form: Form): { patch: Patch | null; why: string | null } {
  try {
    const patch = patchOf(message, body, form);
    return { patch, why: patch === null ? "Nothing is changed yet." : null };
  } catch (error) {
    return { patch: null, why: `The headers cannot be read: ${error instanceof Error ? error.message : "they are no JSON"}.` };
  }
}

function Inside({ message, body, onClose }: { message: Told; body: string | null; onClose: () => void }) {
  const [options, setOptions] = useState<Options>({ ...USUAL, ratePerS: 10, batch: 1 });
  const [form, setForm] = useState<Form>(() => formOf(message, body));
  const { patch, why } = patchIn(message, body, form);
  const asked = patch !== null && missingIn(options) === null ? askedFor({ uids: [message.uid] }, options, patch) : null;
  const planned = usePlan(asked, options);
  return (
    <>
      <Fields form={form} change={(changed) => setForm({ ...form, ...changed })} body={body} />
      <RetryOptions options={options} change={(changed) => setOptions({ ...options, ...changed })} once />
      <ContractView planned={planned} options={options} nothing={why} onClose={onClose} />
    </>
  );
}

function Fields({ form, change, body }: { form: Form; change: (changed: Partial<Form>) => void; body: string | null }) {
  const [bodyId, headersId] = [useId(), useId()];
  return (
    <div className={css.edit}>
      {body === null || form.body === null ? (
        <p className="quiet">Its body stays as it is: it is no text, not whole in the log, or larger than 128 KiB.</p>
      ) : (
        <>
          <label htmlFor={bodyId}>Body</label>
          <textarea id={bodyId} rows={8} spellCheck={false} value={form.body} onChange={(event) => change({ body: event.target.value })} />
        </>
      )}
      <label htmlFor={headersId}>Headers, as JSON; what the broker wrote about deaths is left out</label>
      <textarea id={headersId} rows={5} spellCheck={false} value={form.headers} onChange={(event) => change({ headers: event.target.value })} />
      <details>
        <summary>Properties</summary>
        <div className={css.properties}>
          {EDITABLE.map((name) => (
            <label key={name} className={css.field}>
              {name}
              <input type="text" maxLength={255} spellCheck={false} value={form.properties[name]} onChange={(event) => change({ properties: { ...form.properties, [name]: event.target.value } })} />
            </label>
          ))}
        </div>
      </details>
    </div>
  );
}
