// Validations of a Harper, asked for and waited for.
import assert from 'node:assert/strict';
import { eventually } from './eventually.mjs';

/** @param {import('./harper.mjs').Harper} harper @returns {Promise<any[]>} records of SyncAudit about validations, oldest first */
export async function validationAudits(harper) {
  const audits = await harper.json('/SyncAudit/');
  return audits.filter((/** @type {any} */ { checkResults }) => checkResults);
}

/**
 * Asks for a validation and waits for its outcome.
 *
 * @param {import('./harper.mjs').Harper} harper of one worker
 * @param {object} [more] beside the action
 * @param {number} [timeoutMs]
 * @returns {Promise<any>} the record of SyncAudit
 */
export async function validate(harper, more = {}, timeoutMs = 60_000) {
  const commanded = async () => (await validationAudits(harper)).filter(({ trigger }) => trigger === 'command');
  const before = (await commanded()).length;
  await harper.json('/SyncControl', { action: 'validate', ...more });
  return eventually(
    async () => {
      const audits = await commanded();
      assert.ok(audits.length > before, 'no outcome yet');
      return audits.at(-1);
    },
    { timeoutMs },
  );
}
