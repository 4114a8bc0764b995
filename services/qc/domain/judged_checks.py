"""Judged checks that a profile can take as they are: what each looks at, and its question.

They are about what a picture means to people. What can be measured is an exact check; where
both make sense, as for a product with and without a reference picture, both are declared.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JudgedCheck:
    """`prompt` says when it passes, fails and does not apply, and what counts as evidence.

    `also_exact` keeps it in the catalogue beside an exact check of the same name: the model
    sees what the measurement cannot.
    """

    measures: str
    prompt: str
    also_exact: bool = False


THEMES: dict[str, tuple[str, ...]] = {
    "brand": ("brand_assets_visibility", "product_visibility", "supporting_images"),
    "people": ("face_gaze_direction", "face_visibility", "inclusive"),
    "message": ("accessibility", "call_to_action", "imperative_verb", "new_visibility"),
    "layout": ("element_alignment", "visual_elements_count", "visual_hierarchy"),
}
"""Checks that look at the same things are asked together. A check of another name has none."""

JUDGED: dict[str, JudgedCheck] = {
    "accessibility": JudgedCheck(
        measures="Whether people who see little, no colours, or read slowly get the message",
        also_exact=True,
        prompt="""\
Look at the message as somebody does who sees little, sees no red and green, or reads slowly.
Pass when the message is in words or in shapes that a description could give, nothing is told by \
colour alone, and words do not run over a restless background or along a curve that breaks them up.
Fail when something needed is told by colour alone, words melt into the picture behind them, or \
text is turned, stretched or torn apart so that it has to be puzzled out.
Not applicable when the picture carries no message, as a texture or a plain pack shot does.
As evidence, quote the words or name the element, and say what gets lost and for whom.""",
    ),
    "brand_assets_visibility": JudgedCheck(
        measures="Whether the brand is recognised by its assets, and none is spoilt",
        also_exact=True,
        prompt="""\
Look at everything that makes the brand recognisable: name, word mark, badges, pack shape, \
typical colours, characters, typography. Take the assets that the parameters name, if they do.
Pass when the brand is recognised without reading the small print, its name is spelt in one way \
throughout, and no asset is bent, cut, covered or recoloured.
Fail when nobody could name the brand, its assets contradict each other, one of them is distorted \
or cut off, or the assets of another brand stand out more.
Not applicable when the picture is plain material for later use, such as a texture or an icon.
As evidence, list the brand assets that you see and quote the brand name as printed.""",
    ),
    "call_to_action": JudgedCheck(
        measures="Whether the viewer is told plainly what to do",
        also_exact=True,
        prompt="""\
Look at all words and buttons that ask the viewer to do something, such as buy, taste, visit, \
scan or learn more.
Pass when at least one of them says plainly what to do and is found without searching.
Fail when the picture has a price, an offer, a web address, a code or a shop to go to, but no \
words say what to do with it, or the request is hidden or contradicts the message.
Not applicable when the picture is a plain brand or product picture without an offer, price, \
address or code.
As evidence, quote the call to action letter by letter and say where it stands; when there is \
none, quote what lacks it.""",
    ),
    "element_alignment": JudgedCheck(
        measures="Whether elements stand in line and apart on purpose",
        also_exact=True,
        prompt="""\
Look at edges and axes of text blocks, logo, product and other elements, and the distances \
between them.
Pass when elements share edges or axes, distances look deliberate, and nothing touches or \
overlaps by accident.
Fail when an element is visibly off the axis of its group, distances within a group differ for \
no reason, or elements collide or almost touch the edge by accident.
Not applicable when the picture holds one single element.
As evidence, name the two elements that are out of line or collide, or the axis that holds the \
layout.""",
    ),
    "face_gaze_direction": JudgedCheck(
        measures="Where the main person looks",
        prompt="""\
Look at the eyes of the people in the picture.
Pass when the main person looks at the viewer, at the product, at the main message or at another \
person of the scene.
Fail when the main person looks out of the picture, away from product and message, so that the \
viewer is led out of it.
Not applicable when there is no person whose eyes can be seen.
As evidence, say where the main person looks and what lies in that direction.""",
    ),
    "face_visibility": JudgedCheck(
        measures="Whether the face that matters can be seen",
        prompt="""\
Look at the faces of the people in the picture.
Pass when the face that matters most is in focus, lit well enough to read its expression, and \
not covered by text, packs or the edge of the picture.
Fail when that face is covered, cut through the eyes or mouth, blurred, or too dark to read.
Not applicable when there is no person, or people are turned away or cropped on purpose, as in a \
close-up of hands, hair or skin. A picture without faces has not failed.
As evidence, say whose face you judged and what covers or spoils it.""",
    ),
    "imperative_verb": JudgedCheck(
        measures="Whether the headline asks the viewer for something",
        also_exact=True,
        prompt="""\
Look at the headline or, when there is none, the largest line of text, in whatever language.
Pass when it holds a verb that speaks to the viewer as a request, such as “Taste”, “Discover”, \
“Entdecke” or “Découvrez”.
Fail when it speaks about the product only and asks for nothing.
Not applicable when there is no headline, or the largest text is only a brand or product name.
As evidence, quote the headline letter by letter and name the verb, or say that there is none.""",
    ),
    "inclusive": JudgedCheck(
        measures="Whether people are shown and spoken of with dignity",
        prompt="""\
Look at all people shown or spoken of, and the words used for them.
Pass when they are shown with dignity and as equals, without stereotypes of gender, age, body, \
skin, origin, faith or disability.
Fail when a person or group is ridiculed, reduced to their body, shown as lesser, or pressed into \
a stereotype, or words exclude or insult a group. Judge what is there; that a picture cannot show \
everyone is no fault.
Not applicable when neither people nor words about people are there.
As evidence, describe the person, or quote the words, that decided it.""",
    ),
    "new_visibility": JudgedCheck(
        measures="Whether an announcement of something new stands out and is clear",
        also_exact=True,
        prompt="""\
Look at words and badges that announce something new: “New”, “Now with”, “Improved”, “Limited \
edition” or the like, in whatever language.
Pass when such words stand out from the text around them and it is clear what is new.
Fail when such words are there but are hidden, or nobody can tell what is new.
Not applicable when no such words are there.
As evidence, quote the words letter by letter and say where they stand.""",
    ),
    "product_visibility": JudgedCheck(
        measures="Whether the advertised product is seen and recognised",
        also_exact=True,
        prompt="""\
Look at the advertised product or its pack.
Pass when it is whole or cropped on purpose, in focus, not covered by text or other elements, and \
recognised at first sight.
Fail when it is missing although the message is about it, hidden, out of focus, cut in a way that \
makes it hard to recognise, or lost against its background.
Not applicable when the message is not about a product, for example a recruiting or corporate \
picture.
As evidence, say which product you see, where it stands and what, if anything, covers it.""",
    ),
    "supporting_images": JudgedCheck(
        measures="Whether pictures besides the product help the message",
        prompt="""\
Look at all pictures besides the product: ingredients, people, scenes, patterns and effects.
Pass when each of them helps to tell what the product is, does or feels like, and all share one \
style and light.
Fail when one of them distracts from the message, contradicts it, shows something that is not in \
the product, or looks pasted in.
Not applicable when there is no picture besides the product.
As evidence, name each supporting image and what it adds, or what is wrong with it.""",
    ),
    "visual_elements_count": JudgedCheck(
        measures="Whether there are few enough elements to take in at a glance",
        also_exact=True,
        prompt="""\
Look at the separate things that ask for attention: product, people, logos, badges, blocks of \
text, buttons, scenes. What forms one group counts once.
Pass when they can be taken in at a glance and each has a job to do. Take the most that the \
parameters allow, if they do.
Fail when so many compete that the eye does not know where to rest, or one of them could be left \
out and nobody would miss it.
Not applicable when the picture is a sheet that has to list many things, such as a catalogue page.
As evidence, list the elements as you grouped them.""",
    ),
    "visual_hierarchy": JudgedCheck(
        measures="In which order a viewer meets the elements",
        prompt="""\
Look at the order in which a viewer meets the elements: product, headline, brand, call to action, \
small print.
Pass when one element clearly leads, the others follow in an order that serves the message, and \
nothing minor competes with the lead.
Fail when two or more elements fight for the first place, something unimportant dominates, or the \
product or the main message is found last.
Not applicable when the picture holds one single element.
As evidence, name the elements in the order in which you noticed them.""",
    ),
}
