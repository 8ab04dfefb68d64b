/**
 * Stands for d3-transition in the page's build (see vite.config.ts): d3-zoom wants nothing of it but to stop animations, and the
 * lanes have none. The real one would bring 10 kB of easing, colours and timers to the first load.
 */
import { selection } from 'd3-selection';

Object.assign(selection.prototype, {
  interrupt(this: unknown) {
    return this;
  },
});

export const interrupt = (): void => undefined;
