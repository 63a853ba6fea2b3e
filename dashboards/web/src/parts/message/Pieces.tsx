// A sentence from its pieces: names as links, times in the zone of choice.
import { shown } from "@/model/names";
import type { Piece } from "@/model/story";
import { ExchangeLink, MessageLink, QueueLink, ServiceLink } from "@/parts/links";
import { Time } from "@/parts/Time";
import css from "./Message.module.css";

export function Pieces({ pieces }: { pieces: readonly Piece[] }) {
  return pieces.map((piece, at) => <One key={keyOf(piece, at)} piece={piece} />);
}

function keyOf(piece: Piece, at: number): string {
  return `${at} ${typeof piece === "string" ? piece : Object.keys(piece)[0]}`;
}

function One({ piece }: { piece: Piece }) {
  if (typeof piece === "string") return shown(piece);
  if ("service" in piece) return <ServiceLink name={piece.service} />;
  if ("at" in piece) return <Time at={piece.at} date={false} />;
  if ("uid" in piece) return <MessageLink uid={piece.uid} />;
  return (
    <em className={css.name}>
      {"queue" in piece ? <QueueLink vhost={piece.vhost} name={piece.queue} /> : <ExchangeLink vhost={piece.vhost} name={piece.exchange} />}
    </em>
  );
}
