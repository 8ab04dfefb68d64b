/** A change of a kernel: making it, naming it, and letting go of it. Each is a node of the session, like a change of the text. */
import { setKernel } from '../../litmus/edit';
import { nameOfPatch } from '../../kernels/index';
import {
  eraOf,
  freeName,
  headFor,
  headOf,
  patchText,
  plainTitle,
  baseOf,
  patchTo,
  wholeText,
} from '../../kernels/whole';
import type { PatchHead } from '../../language/patch-of';
import { MAX_PATCH } from '../session/format';
import { kernelNamed } from './run-view';
import type { AppState } from './state';
import { get, set } from './store';
import { change } from './text';

/** What a change is called until it gets a better name. */
export const NEW_NAME = 'my-change';
export const NEW_TITLE = 'your change';

/** Does the text run on the user's change? */
export const onOwn = (s: AppState): boolean =>
  s.kernelPatch !== '' && nameOfPatch(s.kernelPatch) === kernelNamed(s.text);

/** The kernel whose text is looked at: of two runs that of the one whose step is told. */
export const shownKernel = (s: AppState): string => (s.side === 1 && s.beside ? s.beside.kernel : kernelNamed(s.text));

/** How a change of this kernel begins. */
export function newHead(kernel: string): PatchHead {
  const head = headFor(kernel, freeName(NEW_NAME));
  return head.title === '' ? { ...head, title: NEW_TITLE } : head;
}

/** Puts a patch into the session; a text that does not name it yet does from then on. */
export function putPatch(patch: string, kernel: string, label: string, typed = false): void {
  if (patch.length > MAX_PATCH) {
    const most = MAX_PATCH.toLocaleString('en');
    set({ notice: { tone: 'error', text: `A change of a kernel has at most ${most} characters.`, details: [] } });
    return;
  }
  const s = get();
  const text = kernelNamed(s.text) === kernel ? s.text : setKernel(s.text, kernel);
  change({ text, patch }, { label, typed });
}

/** A change begins with all that a design changes of its era, or with nothing. */
export function beginFrom(kernel: string): void {
  const head = newHead(kernel);
  const base = baseOf(head);
  const whole = wholeText(kernel);
  if (!base || !whole) return;
  putPatch(patchTo(base, whole.text, head).text, head.name, `began a change from ${kernel}`);
}

/** Another name for the change, in the text too. What cannot be a name is made one. */
export function renameChange(title: string): void {
  const s = get();
  const head = headOf(s.kernelPatch);
  const plain = plainTitle(title);
  if (!head || plain === '' || plain === head.title) return;
  const name = freeName(plain);
  const text = onOwn(s) ? setKernel(s.text, name) : s.text;
  change(
    { text, patch: patchText({ ...head, name, title: plain }, s.kernelPatch) },
    { label: `named the change ${plain}` },
  );
}

/** Back to the kernel as it is shipped. */
export function dropChange(): void {
  const s = get();
  if (s.kernelPatch === '') return;
  const over = headOf(s.kernelPatch)?.over ?? '';
  const text = onOwn(s) && over !== '' ? setKernel(s.text, eraOf(over)) : s.text;
  change({ text, patch: '' }, { label: 'let go of the change' });
}

/** The change as a file for the command line's --patch. */
export function downloadChange(): void {
  const { kernelPatch } = get();
  const url = URL.createObjectURL(new Blob([kernelPatch], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${nameOfPatch(kernelPatch)}.kern`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export async function copyChange(): Promise<void> {
  try {
    await navigator.clipboard.writeText(get().kernelPatch);
    set({ notice: { tone: 'info', text: 'The change is in the clipboard, as a kernel text.', details: [] } });
  } catch {
    set({ notice: { tone: 'error', text: 'The browser does not allow the clipboard here.', details: [] } });
  }
}
