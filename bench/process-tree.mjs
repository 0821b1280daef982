import { readFileSync, readdirSync } from 'node:fs';

/** The unit of CPU times in /proc: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS_PER_SECOND = 100;

/**
 * CPU time, user and system, that a process and all that it started have used so far. Processes that have ended count once
 * their parent has waited for them.
 *
 * @param {number} pid
 * @returns {number} seconds; NaN where the system does not tell
 */
export function cpuSeconds(pid) {
  if (process.platform !== 'linux') return NaN;
  const processes = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []));
  const tree = new Set([pid]);
  // A set that grows while it is walked is walked to its new end.
  for (const parent of tree) for (const { pid, parentPid } of processes) if (parentPid === parent) tree.add(pid);
  return processes.filter(({ pid }) => tree.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/** @param {number} pid */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { pid, parentPid: Number(fields[1]), ticks };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
