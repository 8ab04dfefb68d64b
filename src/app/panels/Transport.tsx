import { clockText, durationText } from '../../lanes/scale';
import { setAxis } from '../store/page';
import { seek } from '../store/player';
import { lastOf, timelineOf } from '../store/state';
import { useApp } from '../use-app';
import { CommandButton } from '../ui/CommandButton';
import { Icon } from '../ui/Icon';
import { MenuButton } from '../ui/MenuButton';
import styles from './lanes.module.css';

const AXES = ['steps', 'time'] as const;

export function Transport() {
  const playing = useApp((s) => s.playing || s.live?.going === true);
  const live = useApp((s) => (s.live === null ? null : s.live.going ? 'going' : 'still'));
  // Hundredths of a millisecond: what passes in a frame or two.
  const liveUs = useApp((s) => (s.live === null ? -1 : Math.floor(s.live.us / 10) * 10));
  const playhead = useApp((s) => s.playhead);
  const last = useApp(lastOf);
  const timeline = useApp(timelineOf);
  const trace = useApp((s) => s.showing === 'trace');
  const axis = useApp((s) => s.axis);
  const speed = useApp((s) => s.speed);
  // A run's step tells when it began, as the inspector does.
  const us = timeline?.timeUs[trace ? playhead : Math.max(0, playhead - 1)] ?? 0;
  const time = timeline === null ? '' : trace ? clockText(timeline, us) : durationText(liveUs >= 0 ? liveUs : us);
  const count = `${playhead.toLocaleString('en')} / ${last.toLocaleString('en')}`;
  const digits = last.toLocaleString('en').length;
  return (
    <div className={styles.foot}>
      <div
        className={styles.transport}
        role="toolbar"
        aria-label="Playing"
        // A click must not take the focus: Space would press the button again instead of playing.
        onMouseDown={(event) => {
          if ((event.target as Element).closest('button')) event.preventDefault();
        }}
      >
        <CommandButton id="play.first" className={styles.ends}>
          <Icon name="first" />
        </CommandButton>
        <CommandButton id="play.back">
          <Icon name="back" />
        </CommandButton>
        <CommandButton id="play.toggle" label={playing ? 'Pause' : 'Play'} kind="round">
          <Icon name={playing ? 'pause' : 'play'} />
        </CommandButton>
        <CommandButton id="play.step">
          <Icon name="step" />
        </CommandButton>
        <CommandButton id="play.last" className={styles.ends}>
          <Icon name="last" />
        </CommandButton>
        <span className={styles.position} style={{ minWidth: `${2 * digits + 3}ch` }} data-testid="position">
          {count}
        </span>
        <span className={styles.time} data-testid="time">
          {time}
        </span>
        {live !== null && (
          <span className={styles.live} data-live={live} role="status">
            {live === 'going' ? 'Live' : 'Live, paused'}
          </span>
        )}
        <input
          className={styles.slider}
          type="range"
          min={0}
          max={last}
          value={playhead}
          aria-label={trace ? 'Event' : 'Step'}
          aria-valuetext={`${trace ? 'event' : 'step'} ${count}`}
          onChange={(event) => seek(Number(event.target.value))}
        />
        <div className={styles.axis} role="group" aria-label="Axis">
          {AXES.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={axis === name}
              title={`Axis: ${name} (X)`}
              onClick={() => setAxis(name)}
            >
              {name === 'steps' && trace ? 'Events' : name === 'steps' ? 'Steps' : 'Time'}
            </button>
          ))}
        </div>
        <MenuButton menu="speed" label={`Speed: ${speed} times; axis`}>
          {speed}×
        </MenuButton>
        <CommandButton id="lanes.fit" kind="plain" className={styles.fit} label="Fit" />
      </div>
    </div>
  );
}
