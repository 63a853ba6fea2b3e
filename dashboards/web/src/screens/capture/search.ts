// The search parameters of the capture screen: none of its own.
import { kept, type Search } from "@/app/search";

export const captureSearch = (search: Search) => kept(search);
