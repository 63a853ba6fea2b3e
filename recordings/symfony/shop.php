<?php

/** A shop on Symfony Messenger, wired by hand: `php shop.php ROLE`. A retry is published again, through a queue that waits. */

namespace Shop;

use Symfony\Component\DependencyInjection\ServiceLocator;
use Symfony\Component\EventDispatcher\EventDispatcher;
use Symfony\Component\Messenger\Bridge\Amqp\Transport\AmqpTransport;
use Symfony\Component\Messenger\Bridge\Amqp\Transport\Connection;
use Symfony\Component\Messenger\Event\WorkerMessageFailedEvent;
use Symfony\Component\Messenger\EventListener\AddErrorDetailsStampListener;
use Symfony\Component\Messenger\EventListener\SendFailedMessageForRetryListener;
use Symfony\Component\Messenger\EventListener\SendFailedMessageToFailureTransportListener;
use Symfony\Component\Messenger\Handler\HandlersLocator;
use Symfony\Component\Messenger\MessageBus;
use Symfony\Component\Messenger\Middleware\AddBusNameStampMiddleware;
use Symfony\Component\Messenger\Middleware\HandleMessageMiddleware;
use Symfony\Component\Messenger\Middleware\SendMessageMiddleware;
use Symfony\Component\Messenger\Retry\MultiplierRetryStrategy;
use Symfony\Component\Messenger\Stamp\RedeliveryStamp;
use Symfony\Component\Messenger\Transport\Sender\SendersLocator;
use Symfony\Component\Messenger\Transport\Serialization\Serializer;
use Symfony\Component\Messenger\Worker;

const PHP = '/usr/share/php/Symfony/Component';
const ORDERS = 4;
const RETRIES = 2;

require PHP.'/Messenger/autoload.php';
require PHP.'/Messenger/Bridge/Amqp/autoload.php';
require PHP.'/Serializer/autoload.php';
require PHP.'/PropertyAccess/autoload.php';
require PHP.'/EventDispatcher/autoload.php';
require PHP.'/DependencyInjection/autoload.php';
require __DIR__.'/../applications/truth.php';

class OrderPlaced
{
    public string $marker = '';
}

class InvoiceIssued
{
    public string $marker = '';
}

$role = $argv[1];

function marked(object $message, string $name, ?string $cause): object
{
    global $role;
    \sent($name, $role, $cause);
    $message->marker = \mark($name);

    return $message;
}

function transport(string $name): AmqpTransport
{
    global $role;
    $options = ['exchange' => ['name' => $name, 'type' => 'fanout'], 'queues' => [$name => []]];
    $options += 'billing' === $role ? ['connection_name' => $role] : [];
    $dsn = sprintf('amqp://guest:guest@%s:%s/%%2f', getenv('AMQP_HOST'), getenv('AMQP_PORT'));

    return new AmqpTransport(Connection::fromDsn($dsn, $options), new Serializer());
}

function locator(array $services): ServiceLocator
{
    return new ServiceLocator(array_map(fn ($service) => fn () => $service, $services));
}

function bus(array $transports, array $handlers): MessageBus
{
    $senders = [OrderPlaced::class => ['orders'], InvoiceIssued::class => ['invoices']];

    return new MessageBus([
        new AddBusNameStampMiddleware('shop.bus'),
        new SendMessageMiddleware(new SendersLocator($senders, locator($transports))),
        new HandleMessageMiddleware(new HandlersLocator($handlers), true),
    ]);
}

/** Tell of what the listeners after this one publish again: a retry, or what failed for good. */
function tell(WorkerMessageFailedEvent $event): void
{
    global $role;
    $name = \name_in($event->getEnvelope()->getMessage()->marker);
    $times = RedeliveryStamp::getRetryCountFromEnvelope($event->getEnvelope()) + 1;
    \sent($name.'#'.($times + 1), $role, $times > 1 ? $name.'#'.$times : $name);
}

function work(string $from, array $transports, array $handlers): void
{
    $strategies = locator([$from => new MultiplierRetryStrategy(RETRIES, 300, 1)]);
    $dispatcher = new EventDispatcher();
    $dispatcher->addListener(WorkerMessageFailedEvent::class, 'Shop\tell', 1000);
    $dispatcher->addSubscriber(new AddErrorDetailsStampListener());
    $dispatcher->addSubscriber(new SendFailedMessageForRetryListener(locator($transports), $strategies));
    $dispatcher->addSubscriber(new SendFailedMessageToFailureTransportListener(locator([$from => $transports['failed']])));
    $worker = new Worker([$from => $transports[$from]], bus($transports, $handlers), $dispatcher);
    pcntl_async_signals(true);
    pcntl_signal(SIGTERM, fn () => $worker->stop());
    $worker->run(['sleep' => 50000]);
}

$transports = ['orders' => transport('orders'), 'invoices' => transport('invoices'), 'failed' => transport('failed')];
array_map(fn (AmqpTransport $transport) => $transport->setup(), $transports);

switch ($role) {
    case 'web':
        $bus = bus($transports, []);
        for ($n = 1; $n <= ORDERS; ++$n) {
            $bus->dispatch(marked(new OrderPlaced(), "order-$n", null));
        }
        break;
    case 'billing':
        $bus = bus($transports, []);
        work('orders', $transports, [OrderPlaced::class => [function (OrderPlaced $order) use ($bus) {
            $cause = \name_in($order->marker);
            $bus->dispatch(marked(new InvoiceIssued(), "$cause.invoice", $cause));
        }]]);
        break;
    case 'shipping':
        $failures = [];
        work('invoices', $transports, [InvoiceIssued::class => [function (InvoiceIssued $invoice) use (&$failures) {
            $name = \name_in($invoice->marker);
            $failures[$name] = ($failures[$name] ?? 0) + 1;
            $fails = ['order-2.invoice' => 1, 'order-3.invoice' => 3][$name] ?? 0;
            if ($failures[$name] <= $fails) {
                throw new \RuntimeException('no such address');
            }
        }]]);
        break;
}
