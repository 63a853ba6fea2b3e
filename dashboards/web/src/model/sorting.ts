// The order of a table in the address: `rate` upwards, `-rate` downwards. Pure.

export type Order = { key: string; down: boolean };

export function toSorting(text: string | undefined, first: string): Order {
  const told = text ?? first;
  return { key: told.replace(/^-/, ""), down: told.startsWith("-") };
}

export function fromSorting({ key, down }: Order): string {
  return down ? `-${key}` : key;
}
