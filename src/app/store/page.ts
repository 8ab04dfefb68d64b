/** The page itself: theme, panels, menus, dialogs, what is selected. */
import type { Axis, Item } from '../../lanes/lanes-view';
import type { Timeline } from '../../timeline/columns';
import { seek } from './player';
import { placeOf, themeOf, timelineOf, type AppState, type OpenMenu, type PanelName, type TextTab } from './state';
import { get, set } from './store';

export function toggleTheme(): void {
  set({ themeChoice: themeOf(get()) === 'dark' ? 'light' : 'dark' });
}

export function setAxis(axis: Axis): void {
  set({ axis });
}
export const toggleAxis = (): void => setAxis(get().axis === 'steps' ? 'time' : 'steps');

/** On a narrow page a panel is a sheet over the lanes, one at a time. */
export const narrow = (): boolean => window.matchMedia('(max-width: 719px)').matches;

export function togglePanel(name: PanelName): void {
  const s = get();
  if (narrow()) set({ sheet: s.sheet === name ? null : name });
  else set({ panels: { ...s.panels, [name]: !s.panels[name] } });
}

/** Makes sure that a panel is seen. */
export function showPanel(name: PanelName): void {
  const s = get();
  if (narrow()) set({ sheet: name });
  else if (!s.panels[name]) set({ panels: { ...s.panels, [name]: true } });
}

export function setTab(tab: TextTab): void {
  set({ tab });
}

export const openMenu = (menu: OpenMenu): void => set({ menu });
export const closeMenu = (): void => set({ menu: null });
/** Something to read stops what plays; choosing what to do next does not. */
export const openDialog = (dialog: AppState['dialog']): void =>
  set({ dialog, menu: null, playing: dialog === 'palette' && get().playing });
export const closeDialog = (): void => set({ dialog: null });

/** Selects, and brings the playhead to where it is. */
export function select(item: Item | null, { follow = true } = {}): void {
  const timeline = timelineOf(get());
  set({ selection: item });
  // The step that is told is one of the side that was pointed at.
  const side = item && timeline && timeline.tracks[trackOf(timeline, item)]!.side;
  if (side !== undefined && side !== null) set({ side });
  if (!follow || !item || !timeline) return;
  if (item.kind === 'instant') seek(placeOf(get(), timeline.instants.at[item.index]!));
  else if (item.kind === 'slice') seek(timeline.slices.start[item.index]!);
  else if (item.kind === 'flow') seek(placeOf(get(), timeline.flows.start[item.index]!));
}

/** The row that an item is on; of an arrow the one that it comes from. */
export function trackOf({ slices, instants, flows }: Timeline, item: Item): number {
  if (item.kind === 'slice') return slices.track[item.index]!;
  if (item.kind === 'instant') return instants.track[item.index]!;
  return item.kind === 'flow' ? flows.fromTrack[item.index]! : item.track;
}

export function clear(): void {
  const s = get();
  if (s.selection) set({ selection: null });
  else if (s.sheet) set({ sheet: null });
  else if (s.notice) set({ notice: null });
}
