// The rail: the screens, each with the keys that open it.
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useShortcut } from "./keys";
import css from "./Rail.module.css";

export const PLACES = [
  { to: "/", name: "Home", keys: "g h" },
  { to: "/messages", name: "Messages", keys: "g m" },
  { to: "/conversations", name: "Conversations", keys: "g c" },
  { to: "/topology", name: "Topology", keys: "g t" },
  { to: "/dead-letters", name: "Dead letters", keys: "g d" },
  { to: "/queues", name: "Queues", keys: "g q" },
  { to: "/services", name: "Services", keys: "g s" },
  { to: "/capture", name: "Capture", keys: "g p" },
  { to: "/system", name: "System", keys: "g y" },
] as const;

export function Rail() {
  const rail = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // On a narrow screen the rail scrolls sideways, and the open place is kept in sight.
  useEffect(() => {
    const open = PLACES.findLastIndex((place) => pathname.startsWith(place.to));
    rail.current?.querySelectorAll("li")[open]?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [pathname]);
  return (
    <nav ref={rail} className={css.rail} aria-label="Screens">
      <Link to="/" className={css.mark}>
        hoptrail
      </Link>
      <ul>
        {PLACES.map((place) => (
          <Place key={place.to} place={place} />
        ))}
      </ul>
    </nav>
  );
}

function Place({ place }: { place: (typeof PLACES)[number] }) {
  const navigate = useNavigate();
  useShortcut(place.keys, `Open ${place.name}`, () => void navigate({ to: place.to }));
  return (
    <li>
      <Link to={place.to} className={css.place} activeOptions={{ exact: place.to === "/", includeSearch: false }} activeProps={{ className: css.here, "aria-current": "page" }}>
        {place.name}
      </Link>
    </li>
  );
}
