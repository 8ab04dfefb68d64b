/** The CPU of tasks that are on none. */
import { Head, Hook, Run } from '../../language/program';
import { head, is, readHead } from '../compiled/asks';
import { define, fixed, writeConst, type Build } from '../compiled/build';
import type { Func } from '../wasm/encode';
import { call, i32, when } from '../wasm/ops';

/**
 * Forgets the CPU that a task was on, while it sleeps or is not there and nobody asks: it is put on one anew when it is
 * woken.
 */
export function forgetCpus(b: Build, forgettable: readonly number[]): Func {
  const func = b.module.declare([], []);
  define(b, func, 0, () =>
    forgettable.map((x) => {
      const hooked = fixed(b, head(b, x, Head.hook)) === undefined;
      const f = b.module.declare([], []);
      define(b, f, 0, (scope) => writeConst(b, scope, head(b, x, Head.cpu), 0));
      const run = readHead(b, x, Head.run);
      const away = i32.or(is(run, Run.sleeping), is(run, Run.none));
      const idle = hooked ? i32.and(away, is(readHead(b, x, Head.hook), Hook.none)) : away;
      return when(readHead(b, x, Head.cpu), when(idle, call(f.index)));
    }),
  );
  return func;
}
