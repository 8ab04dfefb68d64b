import { lookWords } from '../../lanes/palette';
import { Look, type LookName } from '../../timeline/columns';
import { STANDING } from '../inspect/sources';
import { commandList, keysOf, keyText, type CommandGroup } from '../commands';
import styles from './overlays.module.css';

const GROUPS: readonly CommandGroup[] = ['Play', 'Lanes', 'View', 'Session', 'Text', 'Open'];

/** The looks a reader meets, in the order of a CPU's life. */
const LEGEND: readonly LookName[] = [
  'off',
  'present',
  'prep',
  'start',
  'onl',
  'ready',
  'virt',
  'fail',
  'lie',
  'guest',
  'kern',
  'user',
  'kth',
  'irq',
  'wait',
  'oops',
  'refused',
];

const hatched = (look: LookName): string | undefined =>
  look === 'fail' || look === 'refused' ? styles.rise : look === 'lie' ? styles.fall : undefined;

export function Help() {
  return (
    <div className={styles.help}>
      <section>
        <h3>What is shown</h3>
        <p>
          The text at the left is run on a model of the kernel it names. The lanes show one run of it, under one
          schedule: a “broken” or “seen” is a proof, since it happened; a “holds” or “not seen” only says that this one
          run did not show it.
        </p>
        <p>
          Steps run in one order that all CPUs agree on: memory is sequentially consistent. What weak memory could add
          is not modelled.
        </p>
        <p>
          The name of a CPU or of a vCPU on the lanes opens its actions, and a vCPU can be dragged by its name to a CPU.
          A right click on a bar, or Enter on what is selected, offers what could fail just there. Each act writes its
          line into the text, at the moment where the playhead is; what was done later goes on in a branch of its own,
          and undo takes everything back. All commands: {keyText('Mod+k')}.
        </p>
        <p>
          Two runs can lie on the same lanes, A over B: a second kernel or design under “Beside”, or the model beside a
          capture. The axis is bent so that what happens in both is at the same place; a dashed line shows where they
          part.
        </p>
      </section>
      <section>
        <h3>Colours and marks</h3>
        <ul className={styles.legend}>
          {LEGEND.map((look) => (
            <li key={look}>
              <span
                className={[styles.swatch, hatched(look)].filter(Boolean).join(' ')}
                style={{
                  backgroundColor: `var(--look-${look})`,
                  borderColor: look === 'present' ? 'var(--look-present-border)' : 'transparent',
                }}
              />
              {lookWords[Look[look]]}
            </li>
          ))}
          <li>
            <span className={styles.disc}>!</span>an oops
          </li>
          <li>
            <span className={styles.sign}>◇</span>two runs differ here
          </li>
          {(['inferred', 'unknown', 'model'] as const).map((standing) => (
            <li key={standing}>
              <span className={styles.sign}>{STANDING[standing].sign}</span>
              {STANDING[standing].word}: {STANDING[standing].text}
            </li>
          ))}
        </ul>
      </section>
      {GROUPS.map((group) => (
        <section key={group}>
          <h3>{group}</h3>
          <dl className={styles.keys}>
            {commandList()
              .filter((c) => c.group === group && !c.minor && keysOf(c).length > 0)
              .map((c) => (
                <div key={c.id}>
                  <dt>{c.title}</dt>
                  <dd>
                    {keysOf(c).map((key) => (
                      <kbd key={key} className={styles.key}>
                        {keyText(key)}
                      </kbd>
                    ))}
                  </dd>
                </div>
              ))}
          </dl>
        </section>
      ))}
      <section>
        <h3>Mouse and fingers</h3>
        <p>
          Drag to pan, Ctrl and wheel or pinch to zoom, wheel to scroll. Click the axis to move the playhead, a bar or a
          mark to select it; double-click to fit it.
        </p>
      </section>
    </div>
  );
}
