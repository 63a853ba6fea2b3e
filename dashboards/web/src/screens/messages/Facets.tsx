// The commonest values of some fields among the matches. A click adds the condition to the query or takes it out of it.
import { useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { held, toggleIs, toggleNot } from "@/model/conditions";
import { conditions } from "@/model/lucene";
import { shown } from "@/model/names";
import { count } from "@/model/numbers";
import { STATES, type State } from "@/model/state";
import { StateShape } from "@/parts/State";
import type { Schemas } from "@/api/client";
import { type Asked, facetsQuery, textOf } from "./asks";
import css from "./Facets.module.css";
import { FACETS, type FacetField, grouped, shownValues, type Value } from "./facets";

const FEW = 5;

/** *isListed*: the list is there, so that what is counted does not hold it up. */
type Props = { asked: Asked; isListed: boolean; refreshMs: number | false; onQuery: (q: string) => void };

export function Facets({ asked, isListed, refreshMs, onQuery }: Props) {
  const { free, own } = grouped(asked.q);
  const freely = useQuery({ ...facetsQuery(textOf(asked), free, refreshMs), enabled: isListed && free.length > 0 });
  const apart = useQueries({ queries: own.map((each) => ({ ...facetsQuery(textOf({ ...asked, q: each.q }), [each.field], refreshMs), enabled: isListed })) });
  const counts = new Map<string, Schemas["FacetsOut"]>();
  for (const field of free) if (freely.data) counts.set(field, freely.data);
  for (const [at, each] of own.entries()) if (apart[at]?.data) counts.set(each.field, apart[at].data);
  const basis = freely.data ?? apart[0]?.data;
  const isFailed = freely.isError || apart.some((each) => each.isError);
  return (
    <div className={css.facets}>
      <p className={css.basis}>{basis ? (basis.counted_are === "all" ? `counted over all ${count(basis.counted)}` : `of the newest ${count(basis.counted)}`) : isFailed ? "not counted" : "counting …"}</p>
      {FACETS.map((each) => (
        <Facet key={each.field} facet={each} found={counts.get(each.field)} q={asked.q} onQuery={onQuery} />
      ))}
    </div>
  );
}

type FacetProps = { facet: FacetField; found: Schemas["FacetsOut"] | undefined; q: string; onQuery: (q: string) => void };

function Facet({ facet, found, q, onQuery }: FacetProps) {
  const [whole, setWhole] = useState(false);
  const values = found?.facets.find((each) => each.field === facet.field)?.values ?? [];
  const named = (conditions(q) ?? []).filter((each) => each.field === facet.field).flatMap((each) => each.values ?? []);
  const told = shownValues(values, named, whole ? values.length : FEW);
  const more = values.length - FEW;
  return (
    <section className={css.facet}>
      <h2>{facet.name}</h2>
      {found && told.length === 0 ? <p className="quiet">none</p> : null}
      <ul>
        {told.map((each) => (
          <Line key={each.value} field={facet.field} value={each} q={q} onQuery={onQuery} />
        ))}
      </ul>
      {more > 0 ? (
        <button type="button" className={css.more} aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? "fewer" : `${more} more`}
        </button>
      ) : null}
    </section>
  );
}

type LineProps = { field: string; value: Value; q: string; onQuery: (q: string) => void };

function Line({ field, value, q, onQuery }: LineProps) {
  const now = held(q, field, value.value);
  const text = shown(value.value);
  const state = field === "state" && (STATES as readonly string[]).includes(value.value) ? (value.value as State) : null;
  return (
    <li className={now === "is" ? `${css.line} ${css.is}` : now === "not" ? `${css.line} ${css.not}` : css.line}>
      <button type="button" className={css.value} aria-pressed={now === "is"} title={`${now === "is" ? "No longer only" : "Only"} ${text}`} onClick={() => onQuery(toggleIs(q, field, value.value))}>
        {state ? <StateShape state={state} /> : null}
        <span className={css.text}>{text === "" ? "(empty)" : text}</span>
        <span className={css.count}>{value.count === null ? "–" : count(value.count)}</span>
      </button>
      <button type="button" className={css.without} aria-pressed={now === "not"} aria-label={`not ${text}`} title={`${now === "not" ? "No longer without" : "Without"} ${text}`} onClick={() => onQuery(toggleNot(q, field, value.value))}>
        not
      </button>
    </li>
  );
}
