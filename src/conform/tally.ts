/** Counts what was compared, and keeps the differences. */
import { CATEGORIES, KEPT_DIFFERENCES, type Category, type Count, type Difference } from './report';

/** Calls of the rig's VMM that the derived text does not ask for. */
export const IOCTLS = "the rig's own: ioctls of its VMM beside KVM_CREATE_VM, KVM_CREATE_VCPU and KVM_RUN";

export class Tally {
  readonly categories: Record<Category, Count>;
  readonly differences: Difference[] = [];
  inAll = 0;
  readonly taken = new Map<string, number>();
  readonly uncompared = new Map<string, number>();
  /** See ConformReport.warnings. */
  readonly warnings: string[] = [];
  /** Things that the model has not, each told once. */
  private readonly told = new Set<string>();

  constructor() {
    this.categories = Object.fromEntries(CATEGORIES.map((c) => [c, { compared: 0, matched: 0 }])) as Record<
      Category,
      Count
    >;
  }

  /** One comparison. Returns whether the two agree. */
  compare(category: Category, same: boolean): boolean {
    const count = this.categories[category];
    count.compared += 1;
    if (same) count.matched += 1;
    return same;
  }

  differ(difference: Difference): void {
    this.inAll += 1;
    if (this.differences.length < KEPT_DIFFERENCES) this.differences.push(difference);
  }

  /** A difference that comes again and again is told the first time. */
  differOnce(key: string, difference: Difference): void {
    if (this.told.has(key)) return;
    this.told.add(key);
    this.differ(difference);
  }

  take(what: string, n = 1): void {
    this.taken.set(what, (this.taken.get(what) ?? 0) + n);
  }

  leave(what: string, n = 1): void {
    this.uncompared.set(what, (this.uncompared.get(what) ?? 0) + n);
  }
}
