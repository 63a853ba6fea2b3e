// The search parameters of the system screen: the open tab.
import { type Kept, kept, oneOf, type Search } from "@/app/search";

export const TABS = ["projections", "keys", "trail", "settings"] as const;
export type Tab = (typeof TABS)[number];

export const systemSearch = (search: Search): Kept & { tab?: Tab } => ({ ...kept(search), tab: oneOf(search, "tab", TABS) });
