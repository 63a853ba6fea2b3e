// The colour of a service: the same everywhere and for everybody, by its name.

export const SERVICE_COLOURS = 12;

/** Return the place of *name* in the palette, by FNV-1a (32 bits) over its UTF-16 units. */
export function colourIndex(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % SERVICE_COLOURS;
}

/** Return the CSS colour of a service; one that is not known has that of quiet text. */
export function serviceColour(name: string | null | undefined): string {
  return name ? `var(--service-${colourIndex(name)})` : "var(--text-3)";
}
