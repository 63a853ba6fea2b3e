// The body: as a tree, as text, as a picture or as bytes; never as markup, whatever its sender calls it.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { bytesQuery } from "@/api/shared";
import { type BodyView, packing, pictureType, saidOf, unpacked, viewsOf } from "@/model/body";
import { fromBase64, hexPage, pagesOf } from "@/model/bytes";
import { shown } from "@/model/names";
import { bytes as sized, count } from "@/model/numbers";
import type { Told } from "@/model/story";
import { Button } from "@/parts/Button";
import { Asking, Failed } from "@/parts/Nothing";
import { JsonTree } from "@/parts/message/JsonTree";
import shared from "@/parts/message/Message.module.css";
import css from "./Message.module.css";

const route = getRouteApi("/messages/$uid");
const NAMES: Record<BodyView, string> = { json: "JSON", text: "text", picture: "picture", hex: "bytes" };
const TEXT_STEP = 65_536;

export function BodyTab({ message }: { message: Told }) {
  const { as, bytes: page = 1 } = route.useSearch();
  const views = viewsOf(message);
  const view = views.find((each) => each === as) ?? views[0];
  const said = saidOf(message);
  return (
    <>
      {said ? <p className={shared.said}>{said}</p> : null}
      {message.body && view ? (
        <>
          <div className={shared.tools}>
            <span>
              {sized(message.body.size)}
              {message.content_type ? `, ${shown(message.content_type)}` : ", no content type"}
              {message.content_encoding ? `, packed: ${shown(message.content_encoding)}` : ""}
            </span>
            {views.map((each, at) => (
              <Link key={each} to="." replace activeOptions={{ exact: true }} search={(before) => ({ ...before, as: at === 0 ? undefined : each, bytes: undefined })} aria-current={each === view ? "true" : undefined} className={each === view ? css.chosen : undefined}>
                {NAMES[each]}
              </Link>
            ))}
            <a href={`/api/v1/messages/${encodeURIComponent(message.uid)}/body`} download={`${message.uid}.bin`}>
              Download
            </a>
          </div>
          <Shown message={message} view={view} page={page} />
        </>
      ) : null}
    </>
  );
}

function Shown({ message, view, page }: { message: Told; view: BodyView; page: number }) {
  const { body } = message;
  if (!body) return null;
  if (view === "json") return <JsonTree key={message.uid} value={body.value} label="Body" tools />;
  if (view === "text" && body.encoding === "text" && typeof body.value === "string") return <LongText text={body.value} />;
  if (view === "picture" && typeof body.value === "string") return <Picture key={message.uid} base64={body.value} type={pictureType(body) ?? ""} name={message.uid} />;
  return <FromBytes message={message} view={view} page={page} />;
}

function FromBytes({ message, view, page }: { message: Told; view: BodyView; page: number }) {
  const { data, error, refetch } = useQuery(bytesQuery(message.uid));
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Asking />;
  if (view === "hex") return <Hex bytes={data} page={page} />;
  const how = packing(message);
  return how ? <Unpacked uid={message.uid} bytes={data} how={how} /> : <LongText text={new TextDecoder().decode(data)} />;
}

function Unpacked({ uid, bytes, how }: { uid: string; bytes: Uint8Array<ArrayBuffer>; how: CompressionFormat }) {
  const { data, error } = useQuery({ queryKey: ["unpacked", how, uid], queryFn: () => unpacked(bytes, how), staleTime: Number.POSITIVE_INFINITY, retry: false });
  if (error) return <p className={shared.said}>It says that it is packed with {how}, but it cannot be unpacked. The bytes show what it is.</p>;
  if (!data) return <Asking />;
  return (
    <>
      <p className={shared.said}>
        Unpacked from {how}: {sized(data.bytes.length)}
        {data.cut ? ", and there is more; download it to see all" : ""}
      </p>
      <LongText text={new TextDecoder().decode(data.bytes)} />
    </>
  );
}

function LongText({ text }: { text: string }) {
  const [chars, setChars] = useState(TEXT_STEP);
  // What lays a text out stays; every other character that nobody sees is written out.
  const lines = text.slice(0, chars).split(/(\r?\n|\t)/).map((part, at) => (at % 2 === 1 ? part : shown(part))).join("");
  return (
    <>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={shared.code} tabIndex={0} role="region" aria-label="Body as text">
        {lines}
      </pre>
      {text.length > chars ? (
        <p className={css.more}>
          {count(chars)} of {count(text.length)} characters <Button onClick={() => setChars(chars + TEXT_STEP)}>Show more</Button>
        </p>
      ) : null}
    </>
  );
}

function Hex({ bytes, page }: { bytes: Uint8Array; page: number }) {
  const pages = pagesOf(bytes.length);
  const open = Math.min(page, pages);
  return (
    <>
      <div className={shared.tools}>
        <span>
          Page {count(open)} of {count(pages)}, {sized(bytes.length)} kept
        </span>
        <Turn page={open - 1} pages={pages} name="Before" />
        <Turn page={open + 1} pages={pages} name="Next" />
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={css.hex} tabIndex={0} role="region" aria-label="Body as bytes">
        {hexPage(bytes, open).map((line) => (
          <span key={line.offset}>
            <span className={css.offset}>{line.offset}</span> {line.hex.padEnd(48)} {line.text}
            {"\n"}
          </span>
        ))}
      </pre>
    </>
  );
}

function Turn({ page, pages, name }: { page: number; pages: number; name: string }) {
  if (page < 1 || page > pages) return <span className="quiet">{name}</span>;
  return (
    <Link to="." replace search={(before) => ({ ...before, as: "hex", bytes: page === 1 ? undefined : page })}>
      {name}
    </Link>
  );
}

function Picture({ base64, type, name }: { base64: string; type: string; name: string }) {
  const [broken, setBroken] = useState(false);
  const show = useCallback((image: HTMLImageElement) => {
    const url = URL.createObjectURL(new Blob([fromBase64(base64)], { type }));
    image.src = url;
    return () => URL.revokeObjectURL(url);
  }, [base64, type]);
  if (broken) return <p className={shared.said}>It begins like {type}, but is no picture that can be drawn. The bytes show what it is.</p>;
  return <img ref={show} className={css.picture} alt={`The body of ${name}, ${type}`} onError={() => setBroken(true)} />;
}
