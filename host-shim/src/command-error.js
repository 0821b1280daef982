/** Exit code when a command could not be carried out. */
const FAILED = 1;
/** Exit code when it was wrong, or the configuration. */
export const WRONG = 2;

/** Why a command ended early: said in one message, then the process ends. */
export class CommandError extends Error {
  /**
   * @param {string} message what went wrong, and where
   * @param {object} [details]
   * @param {string} [details.advice] what to do about it
   * @param {string[]} [details.made] what the command had made before
   * @param {number} [details.exitCode]
   */
  constructor(message, { advice = '', made = [], exitCode = FAILED } = {}) {
    super(message);
    this.advice = advice;
    this.made = made;
    this.exitCode = exitCode;
  }

  /**
   * @param {import('./settings.js').ConfigError[]} errors
   */
  static ofConfig(errors) {
    const lines = errors.map(
      ({ path, found, expected, help }) => `${path}: found ${found}, expected ${expected}. ${help}`,
    );
    return new CommandError(lines.join('\n'), { exitCode: WRONG });
  }
}
