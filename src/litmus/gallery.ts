/** The litmus texts that come with Hotlanes: examples, tests and gallery at once. */
const sources: Readonly<Record<string, string>> = import.meta.glob('./gallery/*.litmus', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export interface GalleryEntry {
  readonly name: string;
  readonly text: string;
}

/** By name; the one that the page opens with comes first. */
export const GALLERY: readonly GalleryEntry[] = Object.entries(sources)
  .map(([path, text]) => ({ name: path.replace('./gallery/', '').replace('.litmus', ''), text }))
  .sort((a, b) => Number(b.name === OPENING()) - Number(a.name === OPENING()) || a.name.localeCompare(b.name));

/** Name of the text that the page opens with. */
export function OPENING(): string {
  return 'kevin-2021-11-30';
}

export function galleryText(name: string): string | undefined {
  return GALLERY.find((g) => g.name === name)?.text;
}
