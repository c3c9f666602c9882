//! The words of the lines that stand around a text, by what such a line is for. What they are worth, the model knows.

use std::sync::LazyLock;

use crate::engine::extract::score::signals::{Lexicon, SignalSet, bit};

/// Kinds of lines and their words. ASCII letters in any case; what is in `=` counts only as a whole word.
const WORDS: &[(&str, &str)] = &[
    (
        "credit",
        "编辑|編輯|责编|責編|校对|主编|监制|策划|统筹|审核|记者|作者|撰文|撰稿|文/|文｜|来源|來源|原标题|出品|制作|排版|美编|翻译|译者|视觉|运营|\
         制图|剪辑|值班|审校|编译|设计|=by|=author|edited|=editor|editing|reporting|written|redaktion|=autor|quelle|source|rédaction|auteur|fuente|\
         редактор|автор|источник|編集|出典|取材|執筆|기자|편집|출처|redação|redacción|redazione|źródło|fonte",
    ),
    (
        "picture",
        "图片来源|圖像來源|圖片來源|图源|题图|封面|头图|供图|配图|图/|图｜|图：|图片|图 /|视觉中国|圖像加註|photo by|photograph|photo:|image:|picture:|getty|\
         unsplash|shutterstock|image source|image credit|image caption|image copyright|photo credit|foto:|foto |bildquelle|bild:|写真|画像|crédit photo|\
         фото|사진|pixabay|pexels",
    ),
    (
        "related",
        "推荐阅读|相关阅读|延伸阅读|更多阅读|往期|热门|相关文章|相关推荐|猜你喜欢|精彩推荐|推荐：|更多精彩|相關|推薦|上一篇|下一篇|前文|related|read also|see also|\
         more from|more stories|recommended|you may also|most read|trending|further reading|keep reading|up next|lesen sie|mehr zum thema|auch interessant|\
         lire aussi|à lire|voir aussi|lea también|te puede|leggi anche|leia também|czytaj także|lees ook|関連|おすすめ|あわせて読|читайте также|по теме|관련|\
         previous|next post|elsewhere",
    ),
    (
        "original",
        "原文|全文|网页版|本文链接|本文地址|文章地址|查看文章|阅读更多|永久链接|在线阅读|跳转|read more|read the full|read the rest|continue reading|\
         the post |full article|full story|original article|view original|originally published|first published|appeared first|first appeared|view in browser|\
         permalink|comments|view this|read in app|weiterlesen|weiter lesen|zum artikel|mehr lesen|lire la suite|lire l’article|leer más|seguir leyendo|続きを|\
         読む|元記事|читать|подробнее|원문|더 보기|leggi tutto|continua a leggere|leia mais|czytaj więcej|lees verder|läs mer|devamını|đọc tiếp",
    ),
    (
        "follow",
        "关注|公众号|公號|点赞|收藏|星标|转发|在看|订阅|訂閱|进群|群聊|交流群|加群|加微信|微信号|微信公众|=vx|扫码|掃碼|二维码|投稿|商务合作|打赏|赞赏|\
         留言|评论区|联系我们|加入我们|知识星球|私信|小红书|follow|subscribe|newsletter|sign up|like and|join our|share this|patreon|support us|donate|discord|\
         telegram|twitter|facebook|instagram|mastodon|youtube|contact us|feedback|=star|=likes|abonnier|folgen|newsletter|suivez|abonnez|síguenos|suscr|\
         フォロー|登録|チャンネル|お問い合わせ|подпис|구독|팔로우|inscreva|segui|siga|buy me a|abonneer|iscriviti|obserwuj",
    ),
    (
        "app",
        "下载|下載|客户端|小程序|=app|app，|app |rss|download the|app store|google play|アプリ|notification|alerts|=android|=ios|скача|приложени|앱 |app herunter|application mobile",
    ),
    (
        "legal",
        "copyright|©|(c) |all rights|版权|版權|转载|轉載|授权|授權|未经|侵权|禁止|原创|独家|著作権|無断|転載|alle rechte|reserved|licens|licence|cc by|creative commons|\
         reproduc|disclaimer|免责|声明|聲明|不代表|立场|不构成|投资建议|仅供参考|affiliate|commission|haftung|terms of|privacy|reuse|republish|reprint|\
         права|저작권|무단|tous droits|derechos|diritti|direitos|rechten|prawa|nachdruck|permission|本文为|本文系|本文由",
    ),
    (
        "interface",
        "滑动|复制代码|点击|點擊|展开|收起|左右|查看大图|查看|points:|views|阅读数|浏览|阅读量|=share|=print|=copy|=click|=tap|loading|=close|min read|read time|\
         turn on|=skip|menu|分享|播放|加载|=likes|=saves|=reply|clique|haga clic|klicken|cliquez|クリック|нажмите|클릭",
    ),
    (
        "tags",
        "标签|标签：|關鍵|关键词|关键字|tags:|tags |filed under|categories|posted in|分类|schlagw|タグ|метки|태그|mots-clés|etiquetas",
    ),
    (
        "end",
        "（完）|(完)|the end|- end|·end|· end|end -|全文完|未完待续|本文完|=fin|=ende|###|完。|（全文",
    ),
    (
        "paywall",
        "会员|付费|解锁|登录|注册|subscriber|premium|=member|members|paywall|free trial|log in|sign in|register|=abo|abonn|abbonat|suscriptor|有料|会員|подписчик|구독자",
    ),
];

/// How many kinds of lines there are.
pub(crate) const KINDS: usize = WORDS.len();

/// The name of a kind.
pub(crate) fn name(kind: usize) -> &'static str {
    WORDS[kind].0
}

/// The bits of the kinds that a line goes for.
pub(crate) const CREDIT: SignalSet = bit(WORDS, "credit");
pub(crate) const PICTURE: SignalSet = bit(WORDS, "picture");
pub(crate) const RELATED: SignalSet = bit(WORDS, "related");
pub(crate) const ORIGINAL: SignalSet = bit(WORDS, "original");
pub(crate) const FOLLOW: SignalSet = bit(WORDS, "follow");
pub(crate) const APP: SignalSet = bit(WORDS, "app");
pub(crate) const LEGAL: SignalSet = bit(WORDS, "legal");
pub(crate) const PAYWALL: SignalSet = bit(WORDS, "paywall");
pub(crate) const END: SignalSet = bit(WORDS, "end");

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let words = |(kind, (_, words)): (usize, &(&str, &'static str))| {
        let word = move |word: &'static str| match word.strip_prefix('=') {
            Some(whole) => (kind, whole, true),
            None => (kind, word, false),
        };
        words.split('|').map(word)
    };
    Lexicon::new(WORDS.iter().enumerate().flat_map(words))
});

/// The kinds of the words of a line, and of the first of them.
pub(crate) fn of_line(text: &str) -> (SignalSet, SignalSet) {
    LEXICON.kinds(text.as_bytes())
}
