/** The lanes on the page, for commands that move them; null until they are drawn. */
import type { LanesView } from '../lanes/lanes-view';

export const lanes: { view: LanesView | null } = { view: null };
