/** A binary heap of (time, item), smallest time first, equal times by smaller item. Items may stand in it twice. */
export class Heap {
  private readonly times: number[] = [];
  private readonly items: number[] = [];

  get size(): number {
    return this.items.length;
  }

  push(time: number, item: number): void {
    const { times, items } = this;
    let i = items.length;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (times[up]! < time || (times[up] === time && items[up]! <= item)) break;
      times[i] = times[up]!;
      items[i] = items[up]!;
      i = up;
    }
    times[i] = time;
    items[i] = item;
  }

  /** Smallest entry, or null. */
  pop(): { time: number; item: number } | null {
    const { times, items } = this;
    if (items.length === 0) return null;
    const top = { time: times[0]!, item: items[0]! };
    const time = times.pop()!;
    const item = items.pop()!;
    const n = items.length;
    if (n > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= n) break;
        const right = child + 1;
        if (
          right < n &&
          (times[right]! < times[child]! || (times[right] === times[child] && items[right]! < items[child]!))
        )
          child = right;
        if (time < times[child]! || (time === times[child] && item <= items[child]!)) break;
        times[i] = times[child]!;
        items[i] = items[child]!;
        i = child;
      }
      times[i] = time;
      items[i] = item;
    }
    return top;
  }
}
