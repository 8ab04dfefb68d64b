/** What lies beside a run is made again with it. Its maker is loaded late, and puts itself here. */
import type { RunView } from './run-view';
import type { BesideView } from './state';

export const companion: { make: ((run: RunView, kernel: string) => BesideView) | null } = { make: null };
