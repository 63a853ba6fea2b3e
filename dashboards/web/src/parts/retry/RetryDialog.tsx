// Publish messages again: choose where to and how, read what it would do, and start exactly that.
import { useState } from "react";
import { askedFor, missingIn, type Options, type Selection, USUAL } from "@/model/contract";
import { Dialog } from "@/parts/Dialog";
import { ContractView } from "./ContractView";
import { RetryOptions } from "./RetryOptions";
import { usePlan } from "./usePlan";

type Props = { open: boolean; onClose: () => void; selection: Selection; what: string };

/** *what* names what is selected: `message main-10`, `the 137 messages of this group`. */
export function RetryDialog({ open, onClose, selection, what }: Props) {
  return (
    <Dialog title={`Publish ${what} again`} open={open} onClose={onClose} wide>
      <Inside onClose={onClose} selection={selection} />
    </Dialog>
  );
}

function Inside({ onClose, selection }: Pick<Props, "onClose" | "selection">) {
  const [options, setOptions] = useState<Options>(USUAL);
  const planned = usePlan(missingIn(options) === null ? askedFor(selection, options) : null, options);
  const one = "uids" in selection && selection.uids.length === 1;
  return (
    <>
      <RetryOptions options={options} change={(changed) => setOptions({ ...options, ...changed })} once={one} />
      <ContractView planned={planned} options={options} onClose={onClose} />
    </>
  );
}
