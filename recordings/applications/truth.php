<?php

/** What a recorded application knows of its own messages, told beside them into a file; the PHP side of truth.py. */

/** Tell that $service sends the message $marker because of the message $cause, null for a beginning. */
function sent(string $marker, string $service, ?string $cause = null): void
{
    $line = json_encode(['sent' => $marker, 'service' => $service, 'cause' => $cause])."\n";
    file_put_contents(getenv('RECORDING_TRUTH'), $line, FILE_APPEND);
}

/** Return what stands in the body of the message $name. */
function mark(string $name): string
{
    return '~'.$name.'~';
}

/** Return the name of the first marker in $text, a message's body. */
function name_in(string $text): string
{
    return explode('~', $text)[1];
}
