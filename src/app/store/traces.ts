/** Opening traces of real kernels: from the captures that come with the page, from files, by drop. */
import type { GalleryEntry } from '../../timeline/gallery';
import type { ImportProgress } from '../../timeline/import-files';
import type { FileInput } from '../../timeline/read';
import { MAX_LITMUS } from '../../litmus/parse';
import { reportLine } from '../inspect/report';
import { firstLook, traceSentence } from '../inspect/trace';
import { lastOf } from './state';
import { get, set } from './store';
import { openText, refuseText } from './text';

export type { GalleryEntry } from '../../timeline/gallery';

const WHAT = 'Opening the trace';
const base = (): URL => new URL(/* @vite-ignore */ './captures/', document.baseURI);

let gallery: Promise<readonly GalleryEntry[]> | null = null;
let known: readonly GalleryEntry[] | null = null;

/** The captures that come with the page; asked for once. */
export function captures(): Promise<readonly GalleryEntry[]> {
  gallery ??= (async () => {
    const [{ parseGallery }, text] = await Promise.all([
      import('../../timeline/gallery'),
      fetch(new URL('index.json', base())).then((r) => r.text()),
    ]);
    return parseGallery(text);
  })();
  gallery.catch(() => (gallery = null));
  return gallery;
}

/** Those that are known by now; asks for them where nobody has. */
export function capturesNow(): readonly GalleryEntry[] {
  if (!known)
    void captures().then(
      (list) => (known = list),
      () => undefined,
    );
  return known ?? [];
}

let current: AbortController | null = null;

interface From {
  readonly id: string | null;
  readonly title?: string;
  readonly about: string;
  readonly files: (signal: AbortSignal) => Promise<readonly FileInput[]>;
}

async function open({ id, title, about, files }: From): Promise<void> {
  current?.abort();
  const abort = new AbortController();
  current = abort;
  const cancel = (): void => {
    abort.abort();
    set({ work: null });
  };
  set({ work: { what: WHAT, detail: title ?? '', share: null, cancel }, notice: null, menu: null });
  try {
    const [{ importInWorker }, inputs] = await Promise.all([
      import('../../timeline/worker-client'),
      files(abort.signal),
    ]);
    const onProgress = (p: ImportProgress): void => {
      if (!abort.signal.aborted) set({ work: { what: WHAT, detail: progressText(p), share: null, cancel } });
    };
    const options = { signal: abort.signal, ...(title === undefined ? {} : { title }) };
    const { timeline, report } = await importInWorker(inputs, options, onProgress);
    if (abort.signal.aborted) return;
    const s = get();
    const look = firstLook(timeline);
    const sentence = traceSentence(timeline);
    const read = reportLine(report, timeline.log.length);
    const elsewhere = s.showing === 'run' ? { playhead: s.playhead, axis: s.axis } : s.elsewhere;
    set({
      trace: { id, title: timeline.title, about, timeline, report, files: inputs, sentence, read, cpu: look.cpu },
      showing: 'trace',
      elsewhere,
      beside: null,
      side: 0,
      axis: 'time',
      playhead: look.at,
      playing: false,
      unfolding: false,
      selection: null,
      work: null,
      sheet: null,
    });
  } catch (error) {
    if (abort.signal.aborted) return;
    const text = error instanceof Error ? error.message : String(error);
    set({ work: null, notice: { tone: 'error', text: 'This could not be opened.', details: [text] } });
  }
}

function progressText({ phase, file, bytes, lines }: ImportProgress): string {
  if (phase === 'assembling') return 'drawing the lanes';
  return `${file}: ${(bytes / 2 ** 20).toFixed(1)} MB, ${lines.toLocaleString('en')} lines`;
}

/** A capture by its folder, e.g. "6.1/s2". */
export function openCapture(id: string): void {
  void open({
    id,
    about: '',
    files: async (signal) => {
      const entry = (await captures()).find((c) => c.id === id);
      if (!entry) throw new Error(`There is no capture ${id}.`);
      return Promise.all(
        entry.files.map(async ({ name }) => {
          const response = await fetch(new URL(`${id}/${name}`, base()), { signal });
          if (!response.ok) throw new Error(`${name}: the server answers ${response.status}.`);
          return { name, data: await response.blob() };
        }),
      );
    },
  });
}

/** Files of the user's own. They are read here and go nowhere. */
export function openFiles(files: readonly File[]): void {
  if (files.length === 0) return;
  void openOwn(files);
}

async function openOwn(files: readonly File[]): Promise<void> {
  const only = files.length === 1 ? files[0]! : null;
  if (only && (await isLitmus(only))) {
    current?.abort();
    if (get().work?.what === WHAT) set({ work: null });
    // A character has at most four bytes.
    if (only.size > 4 * MAX_LITMUS) refuseText(`${only.name} has ${only.size.toLocaleString('en')} bytes`);
    else openText(await only.text(), only.name);
    return;
  }
  const about = files.map((f) => f.name).join(', ');
  await open({ id: null, about, files: () => Promise.resolve(files.map((f) => ({ name: f.name, data: f }))) });
}

/** A litmus text, by the name of its file or by its first word; what stands before that are comments. */
async function isLitmus(file: File): Promise<boolean> {
  if (/\.litmus$/i.test(file.name)) return true;
  const head = await file.slice(0, 4096).text();
  return /^\uFEFF?(?:\s*#[^\n]*\n)*\s*litmus\s/.test(head);
}

/** Back to the run, as it was left. */
export function closeTrace(): void {
  const s = get();
  if (s.showing === 'run') return;
  set({
    showing: 'run',
    trace: null,
    elsewhere: null,
    beside: null,
    side: 0,
    axis: s.elsewhere?.axis ?? 'steps',
    playing: false,
    selection: null,
  });
  set({ playhead: Math.min(s.elsewhere?.playhead ?? 0, lastOf(get())) });
}
