import { runCommand } from '../registry';
import { pictureOf, themeOf } from '../store/state';
import { useApp } from '../use-app';
import { CommandButton } from '../ui/CommandButton';
import { Icon } from '../ui/Icon';
import { MenuButton } from '../ui/MenuButton';
import styles from './header.module.css';

export function Header() {
  const trace = useApp((s) => (s.showing === 'trace' ? s.trace : null));
  const scenario = useApp((s) => pictureOf(s)?.name ?? s.scenario);
  const theme = useApp(themeOf);
  const pair = useApp((s) => s.beside !== null);
  return (
    <header className={styles.header}>
      <span className={styles.name}>Hotlanes</span>
      {trace ? (
        <>
          <button
            type="button"
            className={styles.back}
            aria-label="Back to the run"
            onClick={() => runCommand('open.run')}
          >
            ← <span className={styles.long}>Back to the run</span>
            <span className={styles.short}>Run</span>
          </button>
          <span className={styles.trace} title={trace.title}>
            <b>{trace.id === null ? 'Trace' : `Capture ${trace.id}`}</b>
            <span className={styles.about}>{trace.id === null ? trace.about : trace.title}</span>
          </span>
          {!pair && <CommandButton id="beside.model" kind="plain" label="Model beside it" />}
        </>
      ) : (
        <>
          <MenuButton menu="scenario" label={`Litmus test: ${scenario}`} className={styles.scenario}>
            <code>{scenario}</code>
          </MenuButton>
          <Machine />
          <MenuButton menu="act" label="Act on the machine" className={styles.act}>
            Act
          </MenuButton>
        </>
      )}
      <span className={styles.space} />
      <CommandButton id="view.matrix" kind="plain" label="Matrix" className={styles.tables} />
      {!trace && <CommandButton id="view.failures" kind="plain" label="Failures" className={styles.tables} />}
      <MenuButton menu="open" label="Open a trace">
        <span className={styles.long}>Open trace</span>
        <span className={styles.short}>Trace</span>
      </MenuButton>
      <PanelToggles />
      <CommandButton id="view.theme" label={theme === 'dark' ? 'Light theme' : 'Dark theme'}>
        <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
      </CommandButton>
      <CommandButton id="view.help">
        <b>?</b>
      </CommandButton>
    </header>
  );
}

/** What the text runs on: its kernel can be changed here, its machine is told. */
function Machine() {
  const kernel = useApp((s) => pictureOf(s)?.kernelLabel ?? '');
  const setup = useApp((s) => pictureOf(s)?.machine ?? null);
  // While there are two, the button stands with their outcomes.
  const pair = useApp((s) => s.beside !== null);
  if (!setup) return null;
  const added = setup.cpus - setup.booted;
  return (
    <>
      <MenuButton menu="kernel" label={`Kernel ${kernel}`} className={styles.kernel}>
        <span>
          kernel <b>{kernel}</b>
        </span>
      </MenuButton>
      {!pair && (
        <MenuButton menu="beside" label="Beside another kernel or design" className={styles.beside}>
          Beside
        </MenuButton>
      )}
      <span className={styles.machine} title="As the text's machine line says">
        {setup.vendor}, {setup.booted.toLocaleString('en')}
        {added > 0 ? ` + ${added}` : ''} CPUs
      </span>
    </>
  );
}

function PanelToggles() {
  const panels = useApp((s) => s.panels);
  const trace = useApp((s) => s.showing === 'trace');
  return (
    <span className={styles.panels} role="group" aria-label="Panels">
      <CommandButton id="view.text" pressed={panels.text && !trace} disabled={trace}>
        <Icon name="left" />
      </CommandButton>
      <CommandButton id="view.log" pressed={panels.log}>
        <Icon name="bottom" />
      </CommandButton>
      <CommandButton id="view.step" pressed={panels.step}>
        <Icon name="right" />
      </CommandButton>
    </span>
  );
}
