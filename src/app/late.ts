/** The part of the page that is loaded once the lanes have been drawn: they come first. */
let tell: () => void;
const drawn = new Promise<void>((resolve) => {
  tell = resolve;
  // Lanes that fail to come must not keep the rest away.
  setTimeout(resolve, 3000);
});

/** Said by the lanes once, when their first picture is there. */
export const lanesDrawn = (): void => tell();

const late = drawn.then(() => import('./store/late'));
/** The panels around the lanes tell of the run itself, which comes with the former. */
export const around = late.then(() => import('./panels/around'));

type Late = Awaited<typeof late>;

/** Does something with it, at once where it is there. */
export function whenLoaded(then: (late: Late) => unknown): void {
  void late.then(then);
}
