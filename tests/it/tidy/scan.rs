//! Rust source as the rules see it: parsed, with every path made absolute, every function and every number.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, Lit, ReturnType, Type, UseTree, Visibility};

/// A source file of the repository.
pub struct Source {
    /// Path from the repository's root, with `/`.
    pub path: String,
    /// The text as it is.
    pub text: String,
    /// Every path outside `#[cfg(test)]`: in `use`, expressions, types, visibilities, attributes and macros.
    pub paths: Vec<Used>,
    /// Every function, those under `#[cfg(test)]` too.
    pub functions: Vec<Function>,
    /// Every number outside `#[cfg(test)]`, with its line.
    pub numbers: Vec<(usize, f64)>,
    /// The modules that are declared, not those in `{}`.
    pub modules: Vec<String>,
}

/// A path that is used.
#[derive(Debug, Clone, PartialEq)]
pub struct Used {
    pub line: usize,
    /// From the crate's root, or from the outside.
    pub inside: bool,
    /// Its segments; `*` is a glob.
    pub segments: Vec<String>,
    /// Re-exported by `pub use`.
    pub public: bool,
}

/// A function of a file.
#[derive(Debug, Clone, Default)]
pub struct Function {
    pub name: String,
    /// The line of its `fn`, from one.
    pub line: usize,
    /// Lines from its `fn` to its closing brace.
    pub lines: usize,
    /// `pub`, and not `pub(crate)` or the like.
    pub public: bool,
    /// Whether it stands under `#[cfg(test)]`.
    pub test: bool,
    /// How many parameters it takes.
    pub parameters: usize,
    /// The names in its result, outermost first, `&` and `()` among them; empty without one.
    pub returns: Vec<String>,
    /// Whether arithmetic stands in it.
    pub arithmetic: bool,
    /// Its doc comment.
    pub doc: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut scan = Scan { here: place(path), ..Scan::default() };
        scan.visit_file(&file);
        let Scan { paths, functions, numbers, modules, .. } = scan;
        Self { path: path.into(), text: text.into(), paths, functions, numbers, modules }
    }

    /// The room that a file belongs to: `units` for `src/units/show.rs`; none for `lib.rs`.
    pub fn room(&self) -> Option<&str> {
        let first = self.path.strip_prefix("src/")?.split('/').next()?;
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(room, "lib" | "main")).then_some(room)
    }
}

/// The module that a file is: `["units", "show"]` for `src/units/show.rs`.
fn place(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    inside.split('/').filter(|part| !matches!(*part, "lib" | "main")).map(str::to_owned).collect()
}

#[derive(Default)]
struct Scan {
    here: Vec<String>,
    test: bool,
    paths: Vec<Used>,
    functions: Vec<Function>,
    numbers: Vec<(usize, f64)>,
    modules: Vec<String>,
}

impl Scan {
    /// Notes a path as it is written from this module.
    fn used(&mut self, line: usize, written: &[String], public: bool) {
        if self.test {
            return;
        }
        let mut base = match written.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => self.here.clone(),
            _ => {
                let segments = written.to_vec();
                return self.paths.push(Used { line, inside: false, segments, public });
            }
        };
        let mut rest = written;
        while let Some((first, others)) = rest.split_first()
            && matches!(first.as_str(), "crate" | "self" | "super")
        {
            if first == "super" {
                base.pop();
            }
            rest = others;
        }
        base.extend(rest.iter().cloned());
        self.paths.push(Used { line, inside: true, segments: base, public });
    }

    fn tree(&mut self, before: &[String], tree: &UseTree, public: bool) {
        let with = |name: String| [before, &[name]].concat();
        let line = tree.span().start().line;
        match tree {
            UseTree::Path(path) => self.tree(&with(path.ident.to_string()), &path.tree, public),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(before, tree, public)),
            UseTree::Glob(_) => self.used(line, &with("*".into()), public),
            UseTree::Name(name) if name.ident == "self" => self.used(line, before, public),
            UseTree::Name(name) => self.used(line, &with(name.ident.to_string()), public),
            UseTree::Rename(rename) => self.used(line, &with(rename.ident.to_string()), public),
        }
    }

    /// Paths and numbers in the tokens of a macro.
    fn tokens(&mut self, before: &[String], tokens: TokenStream) {
        let mut path: Vec<String> = before.to_vec();
        let (mut line, mut colons) = (0, if before.is_empty() { 0 } else { 2 });
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if colons == 2 || path.is_empty() => {
                    line = ident.span().start().line;
                    path.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() && colons < 2 => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => {
                    let nested = colons == 2 && path.len() > before.len();
                    self.tokens(if nested { &path } else { &[] }, group.stream());
                    if nested {
                        path.clear();
                    }
                }
                TokenTree::Literal(literal) => self.visit_lit(&Lit::new(literal)),
                TokenTree::Ident(ident) => {
                    self.path_of_tokens(line, &mut path, before.len());
                    (line, colons) = (ident.span().start().line, 0);
                    path.push(ident.to_string());
                    continue;
                }
                TokenTree::Punct(_) => {}
            }
            self.path_of_tokens(line, &mut path, before.len());
            // Behind a comma the next of a list starts where the list did.
            path = before.to_vec();
            colons = if before.is_empty() { 0 } else { 2 };
        }
        self.path_of_tokens(line, &mut path, before.len());
    }

    fn path_of_tokens(&mut self, line: usize, path: &mut Vec<String>, before: usize) {
        if path.len() > before.max(1) {
            self.used(line, path, false);
        }
        path.clear();
    }

    fn function(&mut self, attrs: &[Attribute], vis: &Visibility, sig: &syn::Signature, block: &syn::Block) {
        let mut returns = Vec::new();
        if let ReturnType::Type(_, result) = &sig.output {
            names(result, &mut returns);
        }
        let mut arithmetic = Arithmetic(false);
        arithmetic.visit_block(block);
        let line = sig.fn_token.span.start().line;
        self.functions.push(Function {
            name: sig.ident.to_string(),
            line,
            lines: block.brace_token.span.close().end().line - line + 1,
            public: matches!(vis, Visibility::Public(_)),
            test: self.test,
            parameters: sig.inputs.len(),
            returns,
            arithmetic: arithmetic.0,
            doc: doc(attrs),
        });
    }

    fn under(&mut self, attrs: &[Attribute], scan: impl FnOnce(&mut Self)) {
        let before = self.test;
        self.test |= attrs.iter().any(is_test);
        scan(self);
        self.test = before;
    }
}

impl<'ast> Visit<'ast> for Scan {
    fn visit_item(&mut self, item: &'ast Item) {
        let attrs = match item {
            Item::Fn(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            Item::Static(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Enum(item) => &item.attrs,
            Item::Macro(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        self.under(attrs, |scan| visit::visit_item(scan, item));
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(function) => self.under(&function.attrs, |scan| visit::visit_impl_item(scan, item)),
            _ => visit::visit_impl_item(self, item),
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let moved = item.attrs.iter().any(|attr| attr.path().is_ident("path"));
        assert!(!moved, "`#[path]` puts a module where no rule looks for it");
        if item.content.is_none() && !self.test {
            self.modules.push(item.ident.to_string());
        }
        self.here.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.here.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree, matches!(item.vis, Visibility::Public(_)));
        visit::visit_visibility(self, &item.vis);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.used(path.span().start().line, &segments, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name: Vec<String> = call.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.used(call.path.span().start().line, &[name, vec!["!".into()]].concat(), false);
        self.tokens(&[], call.tokens.clone());
    }

    fn visit_attribute(&mut self, attr: &'ast Attribute) {
        if attr.path().is_ident("doc") {
            return;
        }
        if let syn::Meta::List(list) = &attr.meta {
            self.tokens(&[], list.tokens.clone());
            // `#[serde(with = "crate::x")]` names a path in a text.
            let texts = list.tokens.to_string();
            for path in texts.split('"').filter_map(|text| syn::parse_str::<syn::Path>(text).ok()) {
                let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
                if segments.len() > 1 {
                    self.used(attr.span().start().line, &segments, false);
                }
            }
        }
    }

    fn visit_lit(&mut self, lit: &'ast Lit) {
        let value = match lit {
            Lit::Int(lit) => lit.base10_parse::<f64>().ok(),
            Lit::Float(lit) => lit.base10_parse::<f64>().ok(),
            _ => None,
        };
        self.numbers.extend(value.filter(|_| !self.test).map(|value| (lit.span().start().line, value)));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.attrs, &item.vis, &item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.attrs, &item.vis, &item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

/// Whether an attribute is `#[cfg(test)]`, or asks for it among others.
fn is_test(attr: &Attribute) -> bool {
    let syn::Meta::List(list) = &attr.meta else { return false };
    let words = list.tokens.to_string();
    attr.path().is_ident("cfg") && (words == "test" || words.starts_with("all") && words.contains("test"))
}

fn doc(attrs: &[Attribute]) -> String {
    let line = |attr: &Attribute| match &attr.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => Some(text.value() + "\n"),
            _ => None,
        },
        _ => None,
    };
    attrs.iter().filter_map(line).collect()
}

/// The names in a type, outermost first.
fn names(of: &Type, into: &mut Vec<String>) {
    match of {
        Type::Reference(_) => into.push("&".into()),
        Type::Tuple(tuple) if tuple.elems.is_empty() => into.push("()".into()),
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return };
            into.push(last.ident.to_string());
            if let syn::PathArguments::AngleBracketed(inner) = &last.arguments {
                for argument in &inner.args {
                    if let syn::GenericArgument::Type(of) = argument {
                        names(of, into);
                    }
                }
            }
        }
        _ => into.push("other".into()),
    }
}

/// Whether arithmetic stands in a block.
struct Arithmetic(bool);

impl<'ast> Visit<'ast> for Arithmetic {
    fn visit_bin_op(&mut self, op: &'ast syn::BinOp) {
        use syn::BinOp::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Sub, SubAssign};
        self.0 |=
            matches!(op, Add(_) | AddAssign(_) | Div(_) | DivAssign(_) | Mul(_) | MulAssign(_) | Sub(_) | SubAssign(_));
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        const NAMES: [&str; 10] = ["sum", "product", "powi", "powf", "sqrt", "exp", "ln", "ceil", "floor", "div_ceil"];
        self.0 |= NAMES.iter().any(|name| call.method == name);
        visit::visit_expr_method_call(self, call);
    }
}
