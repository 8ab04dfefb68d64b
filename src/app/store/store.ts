/** The page's one store. */
import { subscribeWithSelector } from 'zustand/middleware';
import { createStore } from 'zustand/vanilla';
import { initialState, type AppState } from './state';

export const app = createStore<AppState>()(subscribeWithSelector(() => initialState));

export const get = (): AppState => app.getState();
export const set = (change: Partial<AppState>): void => app.setState(change);
