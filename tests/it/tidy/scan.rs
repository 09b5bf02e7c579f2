//! Rust source as the tidy rules see it: comments and literals blanked, functions with their signatures.

/// A source file of the repository.
pub struct Source {
    /// Path from the repository's root, with `/`.
    pub path: String,
    /// The text as it is.
    pub text: String,
    /// The text with comments and literals blanked: the same bytes in the same places otherwise.
    pub code: String,
    /// The code with everything under `#[cfg(test)]` blanked too.
    pub live: String,
}

/// A function of a file.
pub struct Function {
    pub name: String,
    /// The line it starts on, from one.
    pub line: usize,
    /// Lines from its first to its last.
    pub lines: usize,
    /// `pub`, and not `pub(crate)` or the like.
    pub public: bool,
    /// What stands between the parentheses.
    pub parameters: String,
    /// The type after `->`; empty without one.
    pub returns: String,
    /// The code between its braces.
    pub body: String,
    /// Its doc comment.
    pub doc: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let code = blank_comments_and_literals(text);
        let live = blank_tests(&code);
        Self { path: path.into(), text: text.into(), code, live }
    }

    /// The module of the crate that a file belongs to: `units` for `src/units/show.rs`; none for `lib.rs`.
    pub fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next()?;
        let module = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(module, "lib" | "main")).then_some(module)
    }

    /// How many times `super::` leads from the file's module to the crate's root.
    pub fn depth(&self) -> usize {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        inside.split('/').count()
    }

    /// `path:line` of a byte of the text.
    pub fn at(&self, offset: usize) -> String {
        format!("{}:{}", self.path, line_of(&self.text, offset))
    }

    /// The functions of `code`, which is this file's own or a blanked copy of it.
    pub fn functions(&self, code: &str) -> Vec<Function> {
        words(code, "fn").filter_map(|at| self.function(code, at)).collect()
    }

    fn function(&self, code: &str, at: usize) -> Option<Function> {
        let after = code.get(at + 2..)?;
        let name: String = after.trim_start().chars().take_while(|c| is_word(*c)).collect();
        if !after.starts_with(char::is_whitespace) || name.is_empty() {
            return None; // the type `fn(...)`
        }
        let open = at + 2 + parameters_open(after)?;
        let close = matching(code, open)?;
        let head_end = head_end(code, close + 1)?;
        let returns = code[close + 1..head_end].split_once("->").map_or("", |(_, returns)| returns);
        let bounds = words(returns, "where").next().unwrap_or(returns.len());
        let end = if code[head_end..].starts_with('{') { matching(code, head_end)? } else { head_end };
        let line_start = code[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = line_of(code, at);
        Some(Function {
            name,
            line,
            lines: line_of(code, end) - line + 1,
            public: code[line_start..at].trim_start().starts_with("pub "),
            parameters: code[open + 1..close].trim().to_owned(),
            returns: returns[..bounds].trim().to_owned(),
            body: code[head_end..end].to_owned(),
            doc: self.doc_above(line),
        })
    }

    /// The doc comment and attributes above a line.
    fn doc_above(&self, line: usize) -> String {
        let lines: Vec<&str> = self.text.lines().take(line - 1).collect();
        let above = lines.iter().rev().map(|line| line.trim_start());
        let doc: Vec<&str> = above.take_while(|line| line.starts_with("///") || line.starts_with("#[")).collect();
        doc.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// The position of the parenthesis that opens a function's parameters, behind `fn`: generics are skipped,
/// which may hold parentheses of their own.
fn parameters_open(after: &str) -> Option<usize> {
    let mut angles = 0_i32;
    let mut before = ' ';
    for (at, c) in after.char_indices() {
        match c {
            '<' => angles += 1,
            '>' if before != '-' => angles -= 1,
            '(' if angles == 0 => return Some(at),
            _ => {}
        }
        before = c;
    }
    None
}

/// Where a function's signature ends: at the brace of its body, or at a semicolon outside `[T; N]`.
fn head_end(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth -= 1,
            b'{' | b';' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// The position of the bracket that closes the one at `open`.
pub fn matching(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Where a word stands on its own.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back().is_none_or(|c| !is_word(c));
        let first_is_word = word.starts_with(is_word);
        let last_is_word = word.ends_with(is_word);
        let after = code[at + word.len()..].chars().next().is_none_or(|c| !is_word(c));
        (before || !first_is_word) && (after || !last_is_word)
    })
}

/// The names that follow a path such as `crate::`, those of `{...}` groups one by one.
pub fn names_after(code: &str, path: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in words(code, path) {
        let start = at + path.len();
        if !code[start..].starts_with('{') {
            found.push((at, first_name(&code[start..])));
            continue;
        }
        let end = matching(code, start).unwrap_or(code.len());
        found.extend(items(&code[start + 1..end]).into_iter().map(|item| (at, first_name(item))));
    }
    found
}

fn first_name(text: &str) -> String {
    let text = text.trim_start();
    if text.starts_with('*') { "*".into() } else { text.chars().take_while(|c| is_word(*c)).collect() }
}

/// The parts of a group between commas, inner groups left whole.
fn items(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

pub fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text with comments, strings and characters replaced by blanks of the same length.
pub fn blank_comments_and_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let in_word = code.chars().next_back().is_some_and(is_word);
        let length = comment(rest).or_else(|| raw_string(rest, in_word)).or_else(|| string(rest));
        let length = length.or_else(|| character(rest));
        match length {
            Some(length) => code.extend(rest[..length].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' })),
            None => code.push(c),
        }
        rest = &rest[length.unwrap_or(c.len_utf8())..];
    }
    code
}

fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0_i32, 0);
    while at < text.len() {
        let here = &text.as_bytes()[at..];
        if here.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += 1;
        }
        if depth == 0 {
            return Some(at);
        }
    }
    Some(text.len())
}

fn raw_string(text: &str, in_word: bool) -> Option<usize> {
    let rest = text.strip_prefix("br").or_else(|| text.strip_prefix('r')).filter(|_| !in_word)?;
    let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
    let opened = rest[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let inside = opened.find(&end)?;
    Some(text.len() - opened.len() + inside + end.len())
}

fn string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1).take_while(|_| text.starts_with('"')) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A character literal; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    if inside.starts_with('\\') {
        return Some(3 + inside.get(2..)?.find('\'')?);
    }
    let first = inside.chars().next()?;
    inside[first.len_utf8()..].starts_with('\'').then_some(2 + first.len_utf8())
}

/// The code with every item under `#[cfg(test)]` blanked.
pub fn blank_tests(code: &str) -> String {
    let mut live = code.to_owned();
    while let Some(at) = live.find("#[cfg(test)]") {
        let mut end = at + "#[cfg(test)]".len();
        while let Some(next) = live[end..].find(|c: char| !c.is_whitespace()).map(|next| end + next)
            && live[next..].starts_with("#[")
        {
            end = matching(&live, next + 1).map_or(live.len(), |close| close + 1);
        }
        let item = live[end..].find(['{', ';']).map_or(live.len(), |found| end + found);
        let item_end = matching(&live, item).filter(|_| live[item..].starts_with('{')).unwrap_or(item);
        let item_end = (item_end + 1).min(live.len());
        let blank: String = live[at..item_end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
        live.replace_range(at..item_end, &blank);
    }
    live
}
