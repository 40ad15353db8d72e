// Says what is being done: a line with its seconds when it is done, and before that, from the second second on, how far it is.
import { say } from '../setup/say.mjs';

const FIRST_AFTER_MS = 1000;
/** A terminal shows every change in one line; a log gets a line now and then. */
const EVERY_MS = { terminal: 200, log: 10_000 };

/** Runs `work(onPercent)`, whose progress in percent is shown on stderr. */
export async function step(what, work) {
  const started = performance.now();
  const isTerminal = process.stderr.isTTY === true;
  let percent;
  const show = () => {
    const words = `${seconds(started)}  ${what}${percent === undefined ? '' : `: ${percent} %`}`;
    if (isTerminal) process.stderr.write(`\r${words}\x1b[K`);
    else say(`${words} ...`);
  };
  let timer;
  const first = setTimeout(() => {
    show();
    timer = setInterval(show, isTerminal ? EVERY_MS.terminal : EVERY_MS.log);
  }, FIRST_AFTER_MS);
  let failed = true;
  try {
    const result = await work(value => {
      percent = value;
    });
    failed = false;
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(timer);
    if (isTerminal) process.stderr.write('\r\x1b[K');
    say(`${seconds(started)}  ${what}${failed ? ': failed' : ''}`);
  }
}

const seconds = started => `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(8);
