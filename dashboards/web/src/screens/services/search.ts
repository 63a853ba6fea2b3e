// The search parameters of these addresses.
import { type Kept, kept, type Search, textOf } from "@/app/search";

export type ServicesSearch = Kept & {
  /** What the name contains. */
  name?: string;
  sort?: string;
};

export const servicesSearch = (search: Search): ServicesSearch => ({ ...kept(search), name: textOf(search, "name"), sort: textOf(search, "sort") });
export const serviceSearch = (search: Search): Kept => kept(search);
