/**
 * The litmus texts that come with Hotlanes: examples, tests and gallery at once. The one that the page opens with is there
 * from the start, the others come with `loadGallery`.
 */
import opening from './gallery/kevin-2021-11-30.litmus?raw';

/** Name of the text that the page opens with. */
export const OPENING = 'kevin-2021-11-30';

export interface GalleryEntry {
  readonly name: string;
  readonly text: string;
}

let entries: readonly GalleryEntry[] = [{ name: OPENING, text: opening }];
let coming: Promise<void> | null = null;

/** The texts that are there, by name; the one that the page opens with comes first. */
export const gallery = (): readonly GalleryEntry[] => entries;

export function galleryText(name: string): string | undefined {
  return entries.find((entry) => entry.name === name)?.text;
}

/** Fetches the texts that are not there yet. Rejects where they cannot be had; another call tries again. */
export function loadGallery(): Promise<void> {
  coming ??= import('./gallery-texts').then(
    ({ texts }) => {
      const last = (name: string): number => Number(name !== OPENING);
      entries = Object.entries(texts)
        .map(([path, text]) => ({ name: path.replace('./gallery/', '').replace('.litmus', ''), text }))
        .sort((a, b) => last(a.name) - last(b.name) || a.name.localeCompare(b.name));
    },
    (error: unknown) => {
      coming = null;
      throw error;
    },
  );
  return coming;
}
