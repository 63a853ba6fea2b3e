// A link to the page of a node, by its kind.
import { Link } from "@tanstack/react-router";
import type { Node } from "@/model/graph";
import { toParam } from "@/model/names";
import { ExchangeLink, QueueLink, ServiceLink } from "./links";

export function NodeLink({ node, text }: { node: Pick<Node, "kind" | "vhost" | "name">; text?: string }) {
  if (text === undefined) {
    if (node.kind === "service") return <ServiceLink name={String(node.name)} />;
    return node.kind === "queue" ? <QueueLink vhost={node.vhost} name={node.name} /> : <ExchangeLink vhost={node.vhost} name={node.name} />;
  }
  const [vhost, name] = [toParam(node.vhost), toParam(node.name)];
  if (node.kind === "service") {
    return (
      <Link to="/services/$name" params={{ name }}>
        {text}
      </Link>
    );
  }
  if (node.kind === "queue") {
    return (
      <Link to="/queues/$vhost/$name" params={{ vhost, name }}>
        {text}
      </Link>
    );
  }
  if (node.name === "") {
    return (
      <Link to="/exchanges/$vhost" params={{ vhost }}>
        {text}
      </Link>
    );
  }
  return (
    <Link to="/exchanges/$vhost/$name" params={{ vhost, name }}>
      {text}
    </Link>
  );
}
