// A small chart over time: lines, what was not captured hatched, times in the zone of choice; and the same numbers as a table.
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { useIsDark, usePreferences } from "@/app/preferences";
import { axisSaid, type ChartData, chartSaid, type Unit, valueSaid } from "@/model/chart";
import { fromMs, parts, toMs, type Zone } from "@/model/time";
import css from "./Chart.module.css";
import { Time } from "./Time";

const HEIGHT = 130;

type Props = { title: string; data: ChartData; unit: Unit; empty?: string };

export default function Chart({ title, data, unit, empty = "Nothing is known of this time." }: Props) {
  const [asTable, setAsTable] = useState(false);
  const { zone } = usePreferences();
  const looks = `${zone} ${useIsDark()}`;
  return (
    <figure className={css.chart}>
      <figcaption className={css.caption}>
        <span>
          {title} <span className="quiet">{unit === "per second" ? "messages per second" : unit}</span>
        </span>
        {data.times.length > 0 ? (
          <button type="button" className={css.switch} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            as a table
          </button>
        ) : null}
      </figcaption>
      {data.times.length === 0 ? <p className="quiet">{empty}</p> : asTable ? <Rows title={title} data={data} unit={unit} /> : <Lines key={`${looks} ${title} ${data.series.map((line) => line.name + line.colour).join(" ")}`} title={title} data={data} unit={unit} />}
      {data.times.length === 0 ? null : (
        <ul className={css.legend}>
          {data.series.map((line) => (
            <li key={line.name}>
              <span className={css.sample} style={{ background: `var(${line.colour})` }} aria-hidden="true" />
              {line.name} <b className="number">{valueSaid(line.values.findLast((value) => value !== null), unit)}</b>
            </li>
          ))}
          {data.gaps.length ? (
            <li>
              <span className={`${css.sample} ${css.hatched}`} aria-hidden="true" /> not captured
            </li>
          ) : null}
        </ul>
      )}
    </figure>
  );
}

function Rows({ title, data, unit }: Props) {
  return (
    // A table longer than its box is scrolled by keyboard too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.rows} role="region" aria-label={`${title}, table`} tabIndex={0}>
      <table>
        <caption className="unseen">{title}</caption>
        <thead>
          <tr>
            <th scope="col">time</th>
            {data.series.map((line) => (
              <th key={line.name} scope="col" className="number">
                {line.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.times.map((time, at) => (
            <tr key={time}>
              <td>
                <Time at={fromMs(time)} digits={0} />
              </td>
              {data.series.map((line) => (
                <td key={line.name} className="number">
                  {valueSaid(line.values[at], unit)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Made anew for another look or another set of lines; new numbers are only drawn. */
function Lines({ title, data, unit }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const latest = useRef(data);
  const { zone } = usePreferences();
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const made = new uPlot(optionsOf(latest, zone, element.clientWidth), columnsOf(latest.current), element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [zone]);
  useEffect(() => {
    latest.current = data;
    chart.current?.setData(columnsOf(data));
  }, [data]);
  return <div ref={box} className={css.lines} role="img" aria-label={`${title}. ${chartSaid(data, unit)}`} />;
}

function columnsOf(data: ChartData): uPlot.AlignedData {
  return [data.times.map((time) => time / 1000), ...data.series.map((line) => [...line.values])];
}

function optionsOf(latest: { current: ChartData }, zone: Zone, width: number): uPlot.Options {
  const axis = { stroke: token("--text-3"), grid: { stroke: token("--line"), width: 1 }, ticks: { show: false }, font: `12px ${token("--sans")}` };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 5 } },
    tzDate: (time) => (zone === "utc" ? uPlot.tzDate(new Date(time * 1000), "Etc/UTC") : new Date(time * 1000)),
    axes: [
      { ...axis, size: 24, values: (_, splits) => splits.map((split) => clock(split, splits, zone)) },
      { ...axis, size: 44, values: (_, splits) => splits.map(axisSaid) },
    ],
    scales: { x: { range: () => [latest.current.since / 1000, latest.current.until / 1000] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
    series: [{}, ...latest.current.series.map((line) => ({ label: line.name, stroke: token(line.colour), width: 1.5, points: { show: latest.current.times.length < 3 } }))],
    hooks: { drawClear: [(drawn) => hatch(drawn, latest.current)] },
  };
}

/** Return a time for the axis: with seconds only where the lines of the axis need them. */
function clock(split: number, splits: readonly number[], zone: Zone): string {
  const told = parts(fromMs(split * 1000), zone, 0);
  const step = (splits[1] ?? split) - (splits[0] ?? split);
  if (step >= 86_400) return told.date.slice(5);
  return step < 60 && step > 0 ? told.clock : told.clock.slice(0, 5);
}

const HATCH = 6;

function hatch(drawn: uPlot, { gaps }: ChartData): void {
  const { ctx, bbox } = drawn;
  for (const gap of gaps) {
    const left = Math.max(drawn.valToPos(toMs(gap.since) / 1000, "x", true), bbox.left);
    const right = Math.min(gap.until === null ? bbox.left + bbox.width : drawn.valToPos(toMs(gap.until) / 1000, "x", true), bbox.left + bbox.width);
    if (!(right > left)) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, Math.max(right - left, 2), bbox.height);
    ctx.clip();
    ctx.beginPath();
    for (let x = left - bbox.height; x < right; x += HATCH) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.strokeStyle = token("--hatch");
    ctx.lineWidth = 2;
    ctx.stroke();
    ctx.restore();
  }
}
