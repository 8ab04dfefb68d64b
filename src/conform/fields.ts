/** The parts of capture.json that only `conform` reads, checked before anything is done with them. */
import * as v from 'valibot';
import type { Capture } from '../timeline/capture';

const names = v.optional(v.array(v.string()));
const files = v.record(
  v.string(),
  v.nullable(v.looseObject({ state: v.nullish(v.number()), target: v.nullish(v.number()) })),
);

const schema = v.looseObject({
  trace: v.looseObject({ functions: names, kretprobes: names }),
  actions: v.array(
    v.union([
      v.looseObject({ do: v.literal('read_state'), cpus: files }),
      v.looseObject({ do: v.literal('read_modules'), refs: v.record(v.string(), v.number()) }),
      v.looseObject({ do: v.pipe(v.string(), v.notValues(['read_state', 'read_modules'])) }),
    ]),
  ),
  observed: v.looseObject({
    alive: v.optional(
      v.array(
        v.looseObject({
          t: v.number(),
          vmm: v.string(),
          threads: v.array(
            v.looseObject({ task: v.string(), tid: v.number(), affinity: v.optional(v.nullable(v.string()), null) }),
          ),
        }),
      ),
    ),
    liveness: v.optional(v.array(v.looseObject({ t: v.number(), cpu: v.number(), ok: v.boolean() }))),
    affinity_reset: v.optional(
      v.array(v.looseObject({ task: v.string(), tid: v.number(), cpu: v.number(), dmesg_t: v.number() })),
    ),
  }),
});

/** What is wrong in the parts of a capture that `conform` reads, and where; '' for nothing. */
export function wrongField(capture: Capture): string {
  const result = v.safeParse(schema, capture);
  if (result.success) return '';
  const [first] = result.issues;
  return `${v.getDotPath(first) ?? 'the whole'}: ${first.message}`;
}
