/** The part of the page that is loaded once the lanes have been drawn: they come first. */
const drawn = new Promise((resolve) => requestAnimationFrame(resolve));

export const around = drawn.then(() => import('./panels/around'));
const late = drawn.then(() => import('./store/late'));

type Late = Awaited<typeof late>;

/** Does something with it, at once where it is there. */
export function whenLoaded(then: (late: Late) => unknown): void {
  void late.then(then);
}
