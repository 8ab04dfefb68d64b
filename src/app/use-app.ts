import { useStore } from 'zustand';
import type { AppState } from './store/state';
import { app } from './store/store';

/** A part of the page's state; the component is drawn again when that part changes. */
export const useApp = <T>(part: (s: AppState) => T): T => useStore(app, part);
