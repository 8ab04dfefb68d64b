import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { importFiles } from './import-files';
import { failedEnables, refusals } from './refusal';

const shipped = join(import.meta.dirname, '../../public/captures');

const timelineOf = async (id: string, names = readdirSync(join(shipped, id))) => {
  const files = names.map((name) => ({ name, data: new Uint8Array(readFileSync(join(shipped, id, name))) }));
  return (await importFiles(files)).timeline;
};

interface Action {
  t: number;
  t_end: number | null;
  do: string;
  cpu?: number;
  result: number | null;
  errno?: string;
}
/** The hotplug writes that failed, as the one who wrote saw them. */
const refusedWrites = (id: string): Action[] =>
  (JSON.parse(readFileSync(join(shipped, id, 'capture.json'), 'utf8')) as { actions: Action[] }).actions.filter(
    (a) => (a.do === 'online' || a.do === 'offline') && (a.result ?? 0) < 0,
  );

for (const id of ['5.10/v2', '6.1/s2', '6.1/v2', '6.1/v2c', '6.12/v2', '6.12/v2lie', '7.3/s2'])
  it(`${id}: finds the refused hotplug writes, and no others, without being told of them`, async () => {
    const timeline = await timelineOf(
      id,
      readdirSync(join(shipped, id)).filter((name) => name.startsWith('trace')),
    );
    const found = refusals(timeline);
    const wanted = refusedWrites(id);
    expect(found.map((r) => [r.going, r.cpu, r.returned])).toEqual(
      wanted.map((a) => [a.do === 'online' ? 'up' : 'down', a.cpu, `-${a.errno}`]),
    );
    found.forEach((r, i) => {
      const seconds = (timeline.timeUs[r.at]! + timeline.originUs) / 1e6;
      expect(seconds).toBeGreaterThan(wanted[i]!.t);
      expect(seconds).toBeLessThan(wanted[i]!.t_end!);
      expect(r).toMatchObject({ callback: 'kvm_online_cpu [kvm]', ret: r.returned, rolledBack: true, state: '' });
    });
  });

it('names the state where a listing is given', async () => {
  for (const [id, step] of [
    ['6.12/v2', 148],
    ['7.3/s2', 145],
  ] as const) {
    const found = refusals(await timelineOf(id));
    expect(found.map((r) => [r.step, r.state])).toEqual([[step, 'kvm/cpu:online']]);
  }
});

it('an enable that failed and was swallowed is no refusal, but is told', async () => {
  const timeline = await timelineOf('6.1/v2', ['trace.txt.gz']);
  expect(refusals(timeline)).toEqual([]);
  expect(failedEnables(timeline)).toMatchObject([{ cpu: 1, text: 'vmx_hardware_enable returned -5 (-EIO) on CPU 1' }]);
});
