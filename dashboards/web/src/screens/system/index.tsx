// The system: projections and how far they are, API keys, what operators did, and the settings in force.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { sessionQuery } from "@/api/shared";
import { AsOf } from "@/parts/AsOf";
import { Asking, Failed } from "@/parts/Nothing";
import { Page } from "@/parts/Page";
import { Tabs } from "@/parts/Tabs";
import { Keys } from "./Keys";
import { Projections } from "./Projections";
import { Settings } from "./Settings";
import type { Tab } from "./search";
import { Trail } from "./Trail";

const NAMES = [
  { value: "projections", name: "Projections" },
  { value: "keys", name: "API keys" },
  { value: "trail", name: "What operators did" },
  { value: "settings", name: "Settings" },
] as const;

const route = getRouteApi("/system");

export default function System() {
  const { tab = "projections" } = route.useSearch();
  const { data: session, error, refetch } = useQuery(sessionQuery());
  const isAdmin = session?.who?.scopes.includes("admin") ?? false;
  return (
    <Page title="System" name="System">
      <AsOf shows="now" what="hoptrail itself" />
      <Tabs label="Parts of the system" name="tab" tabs={NAMES} open={tab} />
      {session ? <Part tab={tab} isAdmin={isAdmin} keyNeeded={session.key_needed} /> : error ? <Failed error={error} again={() => void refetch()} /> : <Asking />}
    </Page>
  );
}

function Part({ tab, isAdmin, keyNeeded }: { tab: Tab; isAdmin: boolean; keyNeeded: boolean }) {
  if (tab === "projections") return <Projections isAdmin={isAdmin} />;
  if (tab === "keys") return <Keys isAdmin={isAdmin} keyNeeded={keyNeeded} />;
  return tab === "trail" ? <Trail /> : <Settings isAdmin={isAdmin} />;
}
