// The filters of the worklist; they stand in the address.
import { useNavigate } from "@tanstack/react-router";
import { FATE_SAID, FATES, type Fate, type Group } from "@/model/deaths";
import { shown } from "@/model/names";
import css from "./DeadLetters.module.css";
import type { DeadLettersSearch } from "./search";

export function Filters({ groups, search }: { groups: readonly Group[]; search: DeadLettersSearch }) {
  const navigate = useNavigate({ from: "/dead-letters" });
  const change = (changed: Partial<DeadLettersSearch>) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true });
  const vhosts = [...new Set(groups.map((group) => shown(group.vhost)))].toSorted();
  return (
    <form className={css.filters} onSubmit={(event) => event.preventDefault()}>
      <label>
        With messages that are{" "}
        <select value={search.state ?? ""} onChange={(event) => change({ state: (event.target.value || undefined) as Fate | undefined })}>
          <option value="">in any state</option>
          {FATES.map((fate) => (
            <option key={fate} value={fate}>
              {FATE_SAID[fate]}
            </option>
          ))}
        </select>
      </label>
      {vhosts.length > 1 || search.vhost ? (
        <label>
          vhost{" "}
          <select value={search.vhost ?? ""} onChange={(event) => change({ vhost: event.target.value || undefined })}>
            <option value="">any</option>
            {[...new Set([...vhosts, ...(search.vhost ? [search.vhost] : [])])].map((vhost) => (
              <option key={vhost} value={vhost}>
                {vhost}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <label>
        with the words{" "}
        <input type="text" value={search.words ?? ""} onChange={(event) => change({ words: event.target.value || undefined })} placeholder="queue, type, error, note" spellCheck={false} />
      </label>
    </form>
  );
}
