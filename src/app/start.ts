/** What happens once, before anything is drawn. */
import { commands, runCommand } from './commands';
import { onKey } from './keys';
import { whenLoaded } from './late';
import { keep, restore } from './store/keep';
import { themeOf, type AppState } from './store/state';
import { app, get, set } from './store/store';
import { begin as beginText } from './store/text';

declare global {
  interface Window {
    /** For tests and for the curious: everything the page can do, by name. */
    hotlanes?: {
      readonly commands: readonly { readonly id: string; readonly title: string }[];
      readonly run: (id: string) => boolean;
      readonly state: () => AppState;
    };
  }
}

export function begin(): void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const follow = (): void => set({ systemTheme: dark.matches ? 'dark' : 'light' });
  dark.addEventListener('change', follow);
  follow();
  const kept = restore();
  app.subscribe(themeOf, (theme) => (document.documentElement.dataset.theme = theme), { fireImmediately: true });
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  beginText(kept, !calm);
  keep();
  whenLoaded((late) => late.fetchTexts());
  window.addEventListener('keydown', onKey);
  window.hotlanes = { commands: commands.map(({ id, title }) => ({ id, title })), run: runCommand, state: get };
}
