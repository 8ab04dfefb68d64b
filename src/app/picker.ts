/** The file picker. It must open within the key press or click that asked for it, so it waits for nothing. */
import { whenLoaded } from './late';

let input: HTMLInputElement | null = null;

export function pickFiles(): void {
  if (input === null) {
    input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.hidden = true;
    input.setAttribute('aria-label', 'Files of a trace');
    input.addEventListener('change', () => {
      const files = [...(input?.files ?? [])];
      // The same files can be chosen again: they may have changed.
      if (input) input.value = '';
      whenLoaded((late) => late.openFiles(files));
    });
    document.body.append(input);
  }
  input.click();
}
