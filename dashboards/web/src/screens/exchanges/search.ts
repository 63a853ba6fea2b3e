// The search parameters of these addresses.
import { type Kept, kept, type Search } from "@/app/search";

export const exchangeSearch = (search: Search): Kept => kept(search);
