/** What happens once, before anything is drawn. */
import { commandList, runCommand } from './commands';
import { lanes } from './lanes-handle';
import { whenLoaded } from './late';
import { begin as beginText } from './store/begin';
import { pictureFrom } from './store/picture';
import plainPicture from 'virtual:opening-picture';
import { hasOld, restoreView, tabSession } from './store/keep';
import { themeOf, type AppState } from './store/state';
import { app, get, set } from './store/store';

declare global {
  interface Window {
    /** For tests and for the curious: everything the page can do, by name. */
    hotlanes?: {
      readonly commands: () => readonly { readonly id: string; readonly title: string }[];
      readonly run: (id: string) => boolean;
      readonly state: () => AppState;
      /** The lanes, to ask where something is drawn. */
      readonly lanes: typeof lanes;
    };
  }
}

const kept = () => import('./store/kept');

/** Resolves when there is something to draw. */
export async function begin(): Promise<void> {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const follow = (): void => set({ systemTheme: dark.matches ? 'dark' : 'light' });
  dark.addEventListener('change', follow);
  follow();
  const view = restoreView();
  app.subscribe(themeOf, (theme) => (document.documentElement.dataset.theme = theme), { fireImmediately: true });
  window.hotlanes = { commands: commandList, run: runCommand, state: get, lanes };
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const first = (): void => beginText(pictureFrom(plainPicture), !calm && !hasOld());
  // A reload goes on where it was; whatever is wrong with that, the page begins.
  if (tabSession() === null) first();
  else await kept().then((k) => k.restore(first), first);
  await view;
  whenLoaded((late) => {
    late.runOpening();
    window.addEventListener('keydown', late.onKey);
    void late.fetchTexts();
  });
  whenLoaded((late) => late.followReading());
  whenLoaded(() =>
    kept().then(
      (k) => k.keep(),
      () => undefined,
    ),
  );
}
