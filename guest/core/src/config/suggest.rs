//! What somebody may have meant by a word that is not known here.

/// The candidate that is written most like `word`, if any is near enough. Case, `_` and `-` do not count.
#[must_use]
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = folded(word);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = folded(candidate);
            let distance = strsim::osa_distance(&word, &other);
            // A third of the letters may differ: enough for slips, too little to turn one word into another.
            let is_near = distance * 3 <= word.chars().count().max(other.chars().count());
            is_near.then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> String {
    // Long enough for every key and name; distances take quadratic time.
    word.chars().filter(|character| !matches!(character, '_' | '-')).flat_map(char::to_lowercase).take(320).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_and_other_words_are_not() {
        let keys = ["projectId", "pollInterval", "lookback", "lookbackRows"];
        let cases = [
            ("projectID", Some("projectId")),
            ("project_id", Some("projectId")),
            ("porjectId", Some("projectId")),
            ("pollIntervall", Some("pollInterval")),
            ("lookbak", Some("lookback")),
            ("lookback-rows", Some("lookbackRows")),
            ("proxy", None),
            ("", None),
        ];
        for (word, expected) in cases {
            assert_eq!(closest(word, keys), expected, "{word}");
        }
    }
}
